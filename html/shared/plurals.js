// Plural forms of whole numbers (CLDR). Written out because `Intl.PluralRules` came to some browsers only in 2019.

const RULES = {
  french: (n) => (n < 2 ? 'one' : 'other'),
  arabic(n) {
    if (n < 3) return ['zero', 'one', 'two'][n];
    const rest = n % 100;
    if (rest >= 3 && rest <= 10) return 'few';
    return rest >= 11 ? 'many' : 'other';
  },
};

/** The form for `n` by the rule of a language: `one`, `other` and, in Arabic, `zero`, `two`, `few` and `many`. */
export function pluralForm(rule, n) {
  if (RULES[rule]) return RULES[rule](n);
  return n === 1 ? 'one' : 'other';
}
