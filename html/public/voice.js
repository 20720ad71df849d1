// Speaks a call in one language after the other. A language without a voice is skipped.

import { deskWord, isNumbered, wordsOf } from '../shared/i18n.js';
import { pause } from '../shared/pause.js';
import { Speech, fill, spelled } from '../shared/speech.js';

const WORDS_MS = 2000;

/** The words of a call in a language. */
export function sentence(call, lang, words) {
  const name = call.desk.replace(/^0+(?=\d)/, '').replace(/[A-Za-z]$/, ' $&');
  const desk = isNumbered(call.desk) ? deskWord(lang, words).toLocaleLowerCase(lang) + ' ' + name : call.desk;
  return fill(words['voice.call'], { code: spelled(call.code, lang, words), desk });
}

export class Voice {
  /** `languages()`: what to speak, in order; `blocked()` and `sound()`: as `Speech` has them. */
  constructor({ languages, blocked, sound }) {
    this._languages = languages;
    this._failed = null;
    this._speech = new Speech(blocked, sound);
    /** Resolves when the browser has told its voices. */
    this.ready = this._speech.ready;
  }

  /** Says a call, in one language only where `isHurried`, and resolves when it has been said; to false where nothing could be. */
  async say(call, isHurried) {
    // A call whose speech just failed is not tried again: others wait.
    if (this._failed === call) return false;
    const { hushes } = this._speech;
    let said = false;
    for (const lang of this._languages()) {
      if (said && isHurried) break;
      // Words that come late are there for the next call.
      const words = await this._speech.has(lang) && await Promise.race([wordsOf(lang), pause(WORDS_MS)]).catch(() => null);
      if (this._speech.hushes !== hushes) return said;
      if (!words) continue;
      if (await this._speech.say(sentence(call, lang, words), lang)) said = true;
      else if (this._speech.hushes === hushes) this._failed = call;
    }
    return said;
  }

  /** Stops speaking. */
  hush() {
    this._speech.hush();
  }
}
