// The findings of axe on a page, in words.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The violations, once all animations have ended; `only` one rule, if given. */
export async function findings(page, only) {
  // Fades and pulses are half transparent for a moment, which is no contrast to judge.
  await page.evaluate(() => Promise.all(document.getAnimations()
    // The bar of the time left to undo has no text.
    .filter((a) => a.animationName !== 'left').map((a) => a.finished)));
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  // The passed checks are a long list, so they stay in the page.
  return page.evaluate(async (rule) => {
    const how = rule ? { runOnly: [rule], rules: { [rule]: { enabled: true } } } : {};
    const { violations } = await window.axe.run(document, Object.assign({ resultTypes: ['violations'] }, how));
    return violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target + ' ' + n.failureSummary).join('; '));
  }, only);
}
