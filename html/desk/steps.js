// The requests of a desk, one at a time. Tells the events that follow from them apart from other people's.

import { post } from '../shared/api.js';
import { explain, t } from '../shared/i18n.js';

// The state of the ticket after each action.
const HAPPENS = {
  next: 'called',
  call: 'called',
  recall: 'recalled',
  finish: 'finished',
  'no-show': 'no-show',
  hold: 'held',
  transfer: 'transferred',
  return: 'returned',
  print: 'printed',
  cancel: 'cancelled',
};
const UNDOABLE = ['next', 'call', 'finish', 'no-show', 'hold', 'transfer', 'return', 'cancel'];

export class Steps {
  /** `may()`: whether anything can be asked now; `say(text, isProblem)`; `changed()`; `undo`: the offer. */
  constructor({ may, say, changed, undo }) {
    this._may = may;
    this._say = say;
    this._changed = changed;
    this._undo = undo;
    // The request under way, and the one pressed meanwhile.
    this._busy = '';
    this._pressed = null;
    // Events that are still to come of own steps, and those heard before it was known whose they are.
    this._ours = [];
    this._heard = [];
  }

  /**
   * A press for the same address meanwhile is a double click, one for another address waits for the first. `answered(answer)` says
   * what the answer means where it is more than what happens to the ticket, `refused(refusal)` handles an expected refusal;
   * `current` is the ticket that a step finishes on the way; `by` is PUT if it is not POST.
   */
  async take(action, where, body, answered, more) {
    const { current, refused, by } = more || {};
    if (!this._may()) return;
    if (this._busy) {
      if (this._busy !== where) this._pressed = () => this.take(action, where, body, answered, more);
      return;
    }
    this._busy = where;
    this._heard = [];
    this._ours = current && (action === 'next' || action === 'call') ? ['ticket-finished ' + current.code] : [];
    let text = '';
    let isProblem = false;
    try {
      const answer = await (by || post)(where, body);
      const { code } = answer;
      // Its event may come before the answer or after it.
      const echo = action === 'undo' ? 'step-undone ' : 'ticket-' + HAPPENS[action] + ' ' + code;
      if (this._heard.indexOf(echo) < 0) this._ours.push(echo);
      text = answered ? answered(answer) : t('desk.said.' + HAPPENS[action], { code });
    } catch (refusal) {
      if (refusal.status !== 409) this._ours = [];
      text = refused && refused(refusal);
      isProblem = !text;
      if (isProblem) text = explain(refusal);
    }
    this._busy = '';
    this._say(text, isProblem);
    // After anything else «undo» would not say what it reverses.
    if (!isProblem && UNDOABLE.indexOf(action) >= 0) this._undo.offer(text);
    else if (!isProblem && action !== 'print') this._undo.forget();
    this._changed();
    const then = this._pressed;
    this._pressed = null;
    if (then) then();
  }

  /** Whether an event at this desk is another person's doing. To be asked of each, once. */
  isAnothers(type, code) {
    const event = type + ' ' + code;
    const at = this._ours.indexOf(event);
    if (at >= 0) this._ours.splice(at, 1);
    else if (this._busy) this._heard.push(event);
    else return true;
    return false;
  }
}
