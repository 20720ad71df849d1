// Which form a number takes in each language that we have (CLDR's rules for whole numbers). Written out,
// since `Intl.PluralRules` came to some browsers only in 2019. Pure.

function arabic(n) {
  if (n < 3) return ['zero', 'one', 'two'][n];
  const rest = n % 100;
  if (rest >= 3 && rest <= 10) return 'few';
  return rest >= 11 ? 'many' : 'other';
}

/** `one`, `other` and, in Arabic, `zero`, `two`, `few` and `many`. */
export function pluralForm(lang, n) {
  if (lang === 'ar') return arabic(n);
  return n === 1 || (lang === 'fr' && n === 0) ? 'one' : 'other';
}
