// Speaks texts with the browser's own voice. Browser voices fail in many ways, so each wait has a timeout.

import { pause } from './pause.js';

// Voices may come late, once; a network voice begins late, each time.
const VOICES_MS = 2000;
const START_MS = 4000;
// Slow speech takes 110 ms a letter; a voice that has not ended long after that has forgotten to say so.
const LETTER_MS = 180;
const CHECK_MS = 250;
// A cancelled utterance needs a moment to end, or it cancels the next one too.
const CANCEL_MS = 150;
const RATE = 0.9;
// Chrome's network voices stop after 15 s: longer texts are said in parts.
const PART_LETTERS = 90;

// Letters that, alone before a number, would be read as a word of the language.
const NAMES = {
  es: { Y: 'i griega' },
  fr: { Y: 'i grec' },
  pt: { E: 'é', O: 'ó' },
};

const synthesis = window.speechSynthesis && window.SpeechSynthesisUtterance ? window.speechSynthesis : null;
const base = (tag) => String(tag).toLowerCase().split(/[-_]/)[0];

/** `text` with `{name}` replaced by `values.name`. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name]);

/** `AB007` as it is said: letters apart, the number without the zeros that fill it up. */
export function spelled(code, lang, words) {
  const [, letters, number] = /^(.*?)(?:0*(\d+))?$/.exec(code);
  const names = NAMES[base(lang)] || {};
  const apart = Array.from(letters).map((letter) => names[letter.toUpperCase()] || letter).join(', ');
  if (!number || !apart) return number || apart;
  return fill(words['voice.code'], { letters: apart, number });
}

/** The text in short parts, cut between words. */
export function parts(text) {
  const found = [];
  for (const word of text.split(/\s+/)) {
    const last = found.length - 1;
    if (last >= 0 && found[last].length + 1 + word.length <= PART_LETTERS) found[last] += ' ' + word;
    else found.push(word);
  }
  return found;
}

/** The browser's voices of a language. */
export const voicesOf = (lang) => (synthesis ? synthesis.getVoices().filter((voice) => base(voice.lang) === base(lang)) : []);

// The one of that name; else on this device rather than over the network; of the reader's country.
function voiceFor(lang, name) {
  const tags = (navigator.languages || [navigator.language]).map((tag) => tag.toLowerCase());
  const worth = (voice) => (voice.localService ? 4 : 0) + (voice.default ? 1 : 0)
    + (tags.indexOf(String(voice.lang).toLowerCase().replace('_', '-')) >= 0 ? 2 : 0);
  const all = voicesOf(lang);
  return all.filter((voice) => voice.name === name)[0]
    || all.reduce((best, voice) => (best && worth(best) >= worth(voice) ? best : voice), null);
}

export class Speech {
  /**
   * `blocked()`: the browser wants a touch before it speaks; `sound()`: how it speaks, as the office has it: `volume` and
   * `voiceSpeed` in percent, `voices` by language.
   */
  constructor(blocked = () => {}, sound = () => ({})) {
    this._sound = sound;
    this._blocked = blocked;
    this._hushes = 0;
    // Without a reference of ours the browser may throw an utterance away, and never tell its end.
    this._utterance = null;
    /** Resolves when the browser has told its voices. */
    this.ready = Promise.resolve();
    if (!synthesis) return;
    if (!synthesis.getVoices().length) {
      const late = new Promise((resolve) => { synthesis.onvoiceschanged = resolve; });
      this.ready = Promise.race([late, pause(VOICES_MS)]);
    }
    // Apple's browsers speak only after something was said in the touch itself.
    if (/^Apple/.test(navigator.vendor)) document.addEventListener('touchend', () => this._unlock(), { once: true });
  }

  /** How often `hush` was called. */
  get hushes() {
    return this._hushes;
  }

  /** Whether there is a voice for a language. */
  async has(lang) {
    await this.ready;
    return Boolean(synthesis && voiceFor(lang));
  }

  /** Says a text, and resolves when it has been said; to false if nothing was heard, or not all of it. */
  async say(text, lang) {
    const hushes = this._hushes;
    await this.ready;
    const { voices = {} } = this._sound();
    const voice = synthesis && voiceFor(lang, voices[lang]);
    if (!voice) return false;
    let begun = false;
    for (const part of parts(text)) {
      if (this._hushes !== hushes) return false;
      begun = await this._utter(part, voice, hushes);
      if (!begun) return false;
    }
    return begun;
  }

  /** Stops speaking. */
  hush() {
    this._hushes += 1;
    if (synthesis) synthesis.cancel();
  }

  async _utter(text, voice, hushes) {
    if (synthesis.speaking || synthesis.pending) {
      synthesis.cancel();
      await pause(CANCEL_MS);
    }
    if (synthesis.paused) synthesis.resume();
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.voice = voice;
    utterance.lang = voice.lang;
    const { volume = 100, voiceSpeed = 100 } = this._sound();
    utterance.volume = volume / 100;
    utterance.rate = RATE * voiceSpeed / 100;
    this._utterance = utterance;
    const begun = await new Promise((resolve) => this._follow(utterance, text, hushes, resolve));
    utterance.onstart = utterance.onend = utterance.onerror = null;
    this._utterance = null;
    return begun;
  }

  // Waits for any sign of its end; `resolve` gets whether anything was heard.
  _follow(utterance, text, hushes, resolve) {
    const since = performance.now();
    let begun = false;
    let silent = 0;
    const end = (heard) => { clearInterval(checking); resolve(heard); };
    utterance.onstart = () => { begun = true; };
    utterance.onend = () => end(true);
    utterance.onerror = (e) => {
      if (e.error === 'not-allowed') this._blocked();
      end(begun);
    };
    const checking = setInterval(() => {
      const passed = performance.now() - since;
      const busy = synthesis.speaking || synthesis.pending;
      if (synthesis.speaking) begun = true;
      silent = begun && !busy ? silent + 1 : 0;
      const stuck = passed > (begun ? START_MS + text.length * LETTER_MS : START_MS);
      if (stuck) synthesis.cancel();
      if (stuck || silent > 1 || this._hushes !== hushes) end(begun);
    }, CHECK_MS);
    try {
      synthesis.speak(utterance);
    } catch (e) {
      end(false);
    }
  }

  _unlock() {
    if (synthesis.speaking) return;
    const silence = new SpeechSynthesisUtterance(' ');
    silence.volume = 0;
    synthesis.speak(silence);
  }
}
