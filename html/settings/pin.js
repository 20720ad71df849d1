// Which PINs are too short or too easy to guess (access/pin.rs).

import { t } from '../shared/i18n.js';

export const SHORTEST_PIN = 6;

// Words that anybody tries, with or without digits after them.
const WORDS = /^(passw|passwor[dt]|contrase[ñn]a|clave|senha|motdepasse|qwerty|azerty|letmein|welcome|secreto?|turnero|admin)\d*$/i;

/** Whether people would guess the PIN first: two digits, a repeated part, a sequence, or such a word. */
function isEasy(pin) {
  const isRow = (text) => [1, -1].some((by) => text.split('').every((c, i) => !i || c.charCodeAt(0) - text.charCodeAt(i - 1) === by));
  const low = pin.toLowerCase();
  return /^(\d)\1*(?:(\d)(?:\1|\2)*)?$/.test(low) || /^(.+)\1+$/.test(low) || isRow(low)
    || (/^(?:(.)\1)+$/.test(low) && isRow(low.replace(/(.)\1/g, '$1'))) || WORDS.test(low);
}

/** The fault of the field `pin` of a form; others check whether it is empty. */
export function pinFault(pin) {
  if (pin && pin.length < SHORTEST_PIN) return { pin: t('access.pin.short', { least: SHORTEST_PIN }) };
  return pin && isEasy(pin) ? { pin: t('access.pin.easy') } : {};
}
