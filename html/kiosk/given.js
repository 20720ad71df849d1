// Shows a ticket that was just given.

import { $, show as showText } from '../shared/dom.js';
import { fitText } from '../shared/fit.js';
import { keepChoices, language, nameOf, t } from '../shared/i18n.js';
import { aheadText, estimateText } from '../shared/progress.js';
import { PHONE } from './buttons.js';
import { printTicket } from './printed-ticket.js';

// Long enough to take a phone out and scan; each touch begins it again.
export const SHOW_MS = 15000;
// A second touch right after the first must hit nothing.
const DONE_AFTER_MS = 1500;

export class GivenView {
  /** @param left called when the time is over or the visitor has touched «Done». */
  constructor(left) {
    this.ticket = null;
    this._state = null;
    this._showMs = SHOW_MS;
    this._printerFails = false;
    this._isUnprinted = false;
    this._left = left;
    this._timer = 0;
    $('done').addEventListener('click', left);
    // Until its picture is there, and where there is none, nothing speaks of the code.
    $('qr').addEventListener('load', () => {
      $('phone').hidden = this._isOnPhone();
      this.render();
    });
    ['pointerdown', 'touchstart', 'keydown'].forEach((name) => document.addEventListener(name, () => this.prolong()));
    window.addEventListener('resize', () => this.render());
  }

  /** Shows `ticket`, taken in the office of `state`, for `showMs`; on a phone until its owner leaves. */
  show(ticket, state, showMs = SHOW_MS) {
    Object.assign(this, { ticket, _state: state, _showMs: showMs, _isUnprinted: false });
    $('phone').hidden = true;
    // A phone finds its page at the address of this one, behind any proxy.
    const base = new URL('./', document.baseURI).href;
    const address = 'api/tickets/' + ticket.id + '/qr.svg?base=' + encodeURIComponent(base);
    $('qr').src = address;
    $('done').disabled = true;
    setTimeout(() => { $('done').disabled = false; }, DONE_AFTER_MS);
    this.render();
    this.prolong();
    if (!state.office.printTickets) return;
    // A print dialog stops the timers and hides the page.
    printTicket({ id: ticket.id, qr: address, logo: state.office.logo }).then(() => {
      if (this.ticket === ticket) this.prolong();
    }, () => {
      this._isUnprinted = true;
      this.render();
    });
  }

  /** The server's printer has failed, or is well again. */
  printerFails(fails) {
    // For a screen reader: it has read the ticket already.
    if (fails && !this._printerFails && this.ticket) $('said').textContent = t('take.write');
    this._printerFails = fails;
    this.render();
  }

  /** The visitor is still here: the time begins again. */
  prolong() {
    if (!this.ticket) return;
    clearTimeout(this._timer);
    $('time').parentElement.hidden = this._isOnPhone();
    if (this._isOnPhone()) return;
    const bar = $('time');
    bar.style.transition = 'none';
    bar.style.transform = 'scaleX(1)';
    bar.getBoundingClientRect();
    bar.style.transition = 'transform ' + this._showMs + 'ms linear';
    bar.style.transform = 'scaleX(0)';
    this._timer = setTimeout(this._left, this._showMs);
  }

  /** Ends the display, because the visitor has left. */
  end() {
    clearTimeout(this._timer);
    this.ticket = null;
  }

  /** The shown texts, as sentences. */
  sentences() {
    const { ahead, estimateSeconds } = this.ticket;
    return [this._what(), aheadText(ahead), estimateText(estimateSeconds), $('write').textContent].filter(Boolean);
  }

  render() {
    const { ticket } = this;
    if (!ticket) return;
    const code = $('code');
    code.textContent = ticket.code;
    showText('what', this._what());
    showText('ahead', aheadText(ticket.ahead));
    showText('estimate', estimateText(ticket.estimateSeconds));
    showText('write', this._printerFails || this._isUnprinted ? t('take.write') : '');
    $('follow').hidden = !this._isOnPhone();
    const page = new URL(keepChoices('t/' + ticket.id));
    page.searchParams.set('lang', language());
    $('follow').href = page.href;
    // As large as the rest of its half leaves room for.
    code.style.fontSize = '0px';
    const box = $('number');
    const used = Array.from(box.children).reduce((sum, c) => {
      const s = getComputedStyle(c);
      return sum + (c === code ? 0 : c.offsetHeight + parseFloat(s.marginTop) + parseFloat(s.marginBottom));
    }, 0);
    fitText(code, box.clientWidth, Math.max(96, box.clientHeight - used), 720, 40);
  }

  // The service, if there is more than one, and the priority.
  _what() {
    const { services, office } = this._state;
    const service = services.filter((s) => s.prefix === this.ticket.service)[0];
    const priority = (office.priorities || []).slice(1).filter((p) => p.name === this.ticket.priority)[0];
    return [services.length > 1 && service ? nameOf(service) : '', priority ? nameOf(priority) : '']
      .filter(Boolean).join(' · ');
  }

  _isOnPhone() {
    return window.matchMedia(PHONE).matches;
  }
}
