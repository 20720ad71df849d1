// Colours of both themes from the office's accent colour, mixed towards black or white until texts are readable. It only computes and does not touch the page.

// As in tokens.css; a test compares them.
const BASE = {
  light: { page: '#f3f4ef', surface: '#ffffff', sunken: '#e9ece5', ink: '#12201d', soft: '#43524d' },
  dark: { page: '#0d1513', surface: '#16211e', sunken: '#1f2c28', ink: '#f0f5f1', soft: '#b7c5bf' },
};
const BLACK = '#000000';
const WHITE = '#ffffff';
// WCAG 2.2 contrast: text read from afar, text read from near, shapes.
const FAR = 7;
const NEAR = 4.5;
const SEEN = 3;
const STEPS = 40;
const TINT = { light: 0.12, dark: 0.18 };
const STRONG = 0.25;

/** The custom properties that an accent sets. */
export const PROPERTIES = ['--accent', '--accent-strong', '--accent-tint', '--accent-ink', '--accent-edge', '--on-accent', '--on-accent-soft'];

const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

function luminance(colour) {
  const [r, g, b] = parts(colour).map((part) => {
    const x = part / 255;
    return x <= 0.04045 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4);
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** From 1, the same, to 21, black and white. */
export function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function mix(from, to, share) {
  const end = parts(to);
  return '#' + parts(from).map((part, i) => {
    const hex = Math.round(part + (end[i] - part) * share).toString(16);
    return hex.length < 2 ? '0' + hex : hex;
  }).join('');
}

/** `from`, as little mixed with `to` as is needed. */
function mixedUntil(from, to, fits) {
  for (let step = 0; step < STEPS; step++) {
    const mixed = mix(from, to, step / STEPS);
    if (fits(mixed)) return mixed;
  }
  return to;
}

const on = (grounds, least) => (colour) => grounds.every((ground) => contrast(colour, ground) >= least);

function coloursIn(theme, chosen) {
  const base = BASE[theme];
  const away = theme === 'dark' ? WHITE : BLACK;
  const grounds = [base.page, base.surface, base.sunken];
  // A dark colour on a dark page says nothing: there it is lighter.
  const accent = theme === 'dark'
    ? mixedUntil(chosen, WHITE, (c) => on(grounds, NEAR)(c) && contrast(c, BLACK) >= FAR) : chosen;
  const text = contrast(accent, WHITE) >= contrast(accent, BLACK) ? WHITE : BLACK;
  const full = mix(base.surface, accent, TINT[theme]);
  const tint = mixedUntil(full, base.surface, (c) => contrast(base.soft, c) >= NEAR && contrast(base.ink, c) >= FAR);
  return {
    '--accent': accent,
    '--accent-strong': mix(accent, text === WHITE ? BLACK : WHITE, STRONG),
    '--accent-tint': tint,
    '--accent-ink': mixedUntil(accent, away, on(grounds.concat(tint), FAR)),
    '--accent-edge': mixedUntil(accent, away, on(grounds, SEEN)),
    '--on-accent': text,
    '--on-accent-soft': mixedUntil(mix(text, accent, 0.15), text, on([accent], FAR)),
  };
}

/** The colours of both themes for an office's `accent` (`#0b5348`). */
export function coloursOf(accent) {
  return { light: coloursIn('light', accent), dark: coloursIn('dark', accent) };
}
