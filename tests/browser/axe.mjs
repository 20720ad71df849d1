// What axe finds on a page, in words.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is wrong, once nothing moves any more; `only` one rule, where a page is held to that. */
export async function findings(page, only) {
  // Fades and pulses are half transparent for a moment, which is no contrast to judge.
  await page.evaluate(() => Promise.all(document.getAnimations()
    // What is left of the time to undo is a bar without text.
    .filter((a) => a.animationName !== 'left').map((a) => a.finished)));
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  // What is right is a long list, and stays there.
  return page.evaluate(async (rule) => {
    const how = rule ? { runOnly: [rule], rules: { [rule]: { enabled: true } } } : {};
    const { violations } = await window.axe.run(document, Object.assign({ resultTypes: ['violations'] }, how));
    return violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target + ' ' + n.failureSummary).join('; '));
  }, only);
}
