// The Undo button: offers to undo this screen's last step as long as the server can, also after a reload.
// steps.js sends the request.

import { $ } from '../shared/dom.js';
import { session } from '../shared/storage.js';

// The server's 15 s, less the way there and back.
const OFFERED_MS = 14500;
const KEY = 'undo';

/** `render()` is asked for when the offer ends. */
export class Undo {
  constructor(render) {
    this.what = '';
    this._until = 0;
    this._timer = 0;
    this._render = render;
  }

  /** A step was taken; `what` says it. */
  offer(what, left = OFFERED_MS) {
    clearTimeout(this._timer);
    this.what = what;
    this._until = performance.now() + left;
    this._timer = setTimeout(this._render, left + 20);
    // The bar begins anew, as short as it would be by now.
    $('undo').classList.remove('is-running');
    $('undo').lastChild.style.animationDelay = left - OFFERED_MS + 'ms';
  }

  /** For the next load of this page, where nothing will have happened since `when`. */
  keep(when) {
    if (!this.isOffered()) return;
    const until = this._until - performance.now() + Date.now();
    session.set(KEY, JSON.stringify({ when, what: this.what, until }));
  }

  /** Offers the undo again after a reload. */
  resume(when) {
    const kept = JSON.parse(session.get(KEY) || 'null');
    session.set(KEY, null);
    const left = kept ? kept.until - Date.now() : 0;
    if (left > 0 && left <= OFFERED_MS && kept.when === when) this.offer(kept.what, left);
  }

  /** It is undone, or the desk has gone on. */
  forget() {
    this._until = 0;
  }

  isOffered() {
    return performance.now() < this._until;
  }

  render() {
    const offered = this.isOffered();
    $('undo').hidden = !offered;
    if (!offered) return;
    $('undo-what').textContent = ' (' + this.what + ') ';
    // Reading `offsetWidth` makes the browser begin at the full width.
    if (!$('undo').classList.contains('is-running') && $('undo').offsetWidth) $('undo').classList.add('is-running');
  }
}
