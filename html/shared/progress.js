// Texts for a ticket that waits: how many visitors are ahead, and the estimate.

import { roughSpan, t, tn } from './i18n.js';

/** «3 people ahead of you», for a ticket that waits. */
export function aheadText(n) {
  return n ? tn('ahead', n) : t('ahead.none');
}

/** The estimate in words; nothing where there is none. */
export function estimateText(seconds) {
  if (typeof seconds !== 'number') return '';
  // Rounded up, so that nobody is promised a shorter wait.
  const whole = Math.ceil(seconds / 60) * 60;
  return whole > 60 ? t('ahead.estimate', { span: roughSpan(whole) }) : t('ahead.soon');
}
