// The accessible mode of the kiosk: large, low and spoken, so that a keypad is enough to take a ticket without sight
// (EN 301 549, 5.1.3 and 5.2).
//
// The button and `?access=1` turn it on, and any key of a keypad. Digits choose; + and - or the arrows go from choice to
// choice, which is spoken; Enter takes it; 0 repeats. Each touch and each key stops the voice.

import { $ } from '../shared/dom.js';
import { language, t } from '../shared/i18n.js';
import { Speech, spelled } from '../shared/speech.js';

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, NumpadAdd: 1, NumpadSubtract: -1 };
const REPEAT = ['NumpadMultiply', 'NumpadDecimal'];
const MOST_DIGIT = 9;

export class AccessMode {
  /**
   * @param page `view()`: what is shown, as `{ key, sentences, buttons, ends }`: each new `key` is spoken, with the names of
   *   the buttons; without `ends` nobody is asked to choose; `changed()`: the mode went on or off; `resized()`:
   *   there is another button; `spoken()`: all was said.
   */
  constructor(page) {
    this._page = page;
    // This kiosk is always in the mode.
    this._isDefault = new URLSearchParams(location.search).get('access') === '1';
    this.isOn = this._isDefault;
    // Somebody is here; an empty room is not talked to.
    this._isHeard = false;
    this._key = '';
    this._speech = new Speech();
    $('access').addEventListener('click', () => this._switch(!this.isOn));
    $('access').disabled = false;
    $('repeat').addEventListener('click', () => this._tell());
    document.addEventListener('pointerdown', (e) => this._touched(e));
    document.addEventListener('keydown', (e) => this._keyPressed(e));
    document.addEventListener('focusin', (e) => this._focused(e.target));
  }

  /** Shows whether the mode is on; before the page is laid out. */
  show() {
    document.documentElement.classList.toggle('is-large', this.isOn);
    $('access').setAttribute('aria-pressed', String(this.isOn));
    this._showRepeat();
  }

  /** Speaks the new parts of the page. */
  update() {
    const { key } = this._page.view();
    if (key === this._key) return;
    this._key = key;
    if (this.isOn && this._isHeard) this._tell();
  }

  /** The visitor has left. */
  rest() {
    this._isHeard = false;
    this._speech.hush();
    if (this.isOn !== this._isDefault) this._switch(this._isDefault);
  }

  async _showRepeat() {
    const hears = this.isOn && await this._speech.has(language());
    if ($('repeat').hidden === !hears) return;
    $('repeat').hidden = !hears;
    this._page.resized();
  }

  _switch(isOn) {
    this.isOn = isOn;
    this._speech.hush();
    this._page.changed();
    if (isOn && this._isHeard) this._tell();
  }

  async _tell() {
    const { sentences, buttons, ends } = this._page.view();
    const choices = buttons.slice(0, MOST_DIGIT).map((button, i) => t('spoken.choice', { n: i + 1, name: nameOf(button) }));
    const more = buttons.length > MOST_DIGIT ? [t('spoken.more')] : [];
    await this._say(sentences.concat(choices, more, ends ? [t('spoken.repeat')] : []));
  }

  async _say(sentences) {
    this._speech.hush();
    const { hushes } = this._speech;
    for (const sentence of sentences) {
      if (this._speech.hushes !== hushes) return;
      await this._speech.say(sentence, language());
    }
    if (this._speech.hushes === hushes) this._page.spoken();
  }

  _touched(e) {
    if (!this.isOn) {
      this._isHeard = true;
      return;
    }
    this._speech.hush();
    const isFirst = !this._isHeard;
    this._isHeard = true;
    if (isFirst && !e.target.closest('button, a')) this._tell();
  }

  _keyPressed(e) {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    const [, digit] = /^(?:Digit|Numpad)(\d)$/.exec(e.code) || [];
    const isEnter = /Enter$/.test(e.code) && document.activeElement === document.body;
    const step = STEPS[e.code];
    if (this.isOn) this._speech.hush();
    if (!digit && !step && !isEnter && REPEAT.indexOf(e.code) < 0) return;
    e.preventDefault();
    const isFirst = !this.isOn || !this._isHeard;
    this._isHeard = true;
    if (!this.isOn) this._switch(true);
    else if (isFirst || isEnter || digit === '0' || REPEAT.indexOf(e.code) >= 0) this._tell();
    else if (digit) this._press(this._page.view().buttons[digit - 1]);
    else this._step(step);
  }

  _press(button) {
    if (button) button.click();
    else this._tell();
  }

  _step(by) {
    const { buttons } = this._page.view();
    const now = buttons.indexOf(document.activeElement);
    const next = buttons[now < 0 && by < 0 ? buttons.length - 1 : (now + by + buttons.length) % buttons.length];
    if (next) next.focus();
  }

  _focused(el) {
    if (!this.isOn || !this._isHeard || el.tagName !== 'BUTTON' || this._page.view().buttons.indexOf(el) < 0) return;
    this._say([nameOf(el)]);
  }
}

/** The spoken name of a button: its texts, one after the other. */
function nameOf(button) {
  const parts = Array.from(button.children).map((part) => part.textContent).filter(Boolean);
  return (parts.length ? parts : [button.textContent]).join(', ');
}

/** A ticket's code as it is said: the letters apart from the number. */
export const spokenCode = (code) => spelled(code, language(), { 'voice.code': t('voice.code') });
