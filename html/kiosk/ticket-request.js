// What a stranger wishes for: one ticket. A wish has a key, and whatever is lost on the way is asked
// for again with that key, by this touch or, if it gave up, by the next.

import { freshKey, post } from '../shared/api.js';

// For so long after «no answer» somebody still stands there, and the ticket would be theirs.
const STAY_MS = 10000;
// An ordinary answer takes less.
const SLOW_MS = 3000;
const AGAIN_MS = 2000;

/** Whether a refusal leaves open what came of the request. */
export const isSilence = (refusal) => refusal.code === 'no-connection' || refusal.status === 503;

export class Wishes {
  /**
   * @param live the connection; whoever hears of its changes tells them with `connected()`.
   * @param listener `left()`: whoever asked has left without an answer; `changed()`: `unanswered` is another.
   */
  constructor(live, listener) {
    /** Whether the server has a printer: then a ticket is on paper, heard of or not. */
    this.prints = false;
    /** Whether there may be a ticket that this screen has not heard of. */
    this.unanswered = false;
    this._live = live;
    this._listener = listener;
    this._wishes = {};
    this._asking = null;
    this._slow = 0;
    this._leaving = 0;
    this._doubted = 0;
    // Wishes, and tickets, of people who left without an answer.
    this._orphans = [];
    this._returning = false;
  }

  /** The ticket, or null where its person has left meanwhile; a refusal is thrown. */
  async ask(service, priority) {
    const wish = this._wishFor(service, priority);
    this._asking = wish;
    this._doubt(false);
    this._slow = setTimeout(() => this._doubt(true), SLOW_MS);
    try {
      const ticket = await post('api/tickets', wish.body, wish.key);
      if (this._asking !== wish) {
        this._orphan({ id: ticket.id });
        return null;
      }
      delete this._wishes[wish.name];
      this._end(false);
      return ticket;
    } catch (refusal) {
      const silent = isSilence(refusal);
      if (this._asking !== wish) {
        if (silent) this._orphan(wish);
        return null;
      }
      // An answer, even a refusal, ends the wish; silence keeps its key while somebody may touch again.
      if (silent) wish.timer = setTimeout(() => { delete this._wishes[wish.name]; this._orphan(wish); }, STAY_MS);
      else delete this._wishes[wish.name];
      this._end(refusal.code === 'no-connection');
      throw refusal;
    }
  }

  /** The connection has come, or gone. */
  connected() {
    clearTimeout(this._leaving);
    if (!this._live.online && this._asking) this._leaving = setTimeout(() => this._abandon(), STAY_MS);
    if (this.unanswered) this._doubt(true);
    this._giveBack();
  }

  _wishFor(service, priority) {
    const name = service + ' ' + (priority || '');
    const wish = this._wishes[name]
      || { name, key: freshKey(), body: priority ? { service, priority } : { service }, timer: 0 };
    clearTimeout(wish.timer);
    this._wishes[name] = wish;
    return wish;
  }

  _end(doubt) {
    this._asking = null;
    clearTimeout(this._slow);
    clearTimeout(this._leaving);
    this._doubt(doubt);
  }

  // A doubt ends with an answer, or, where the connection is there, when whoever had it will have left.
  _doubt(doubt) {
    clearTimeout(this._doubted);
    if (doubt && this._live.online && !this._asking) this._doubted = setTimeout(() => this._doubt(false), STAY_MS);
    if (doubt === this.unanswered) return;
    this.unanswered = doubt;
    this._listener.changed();
  }

  // Whoever touched has been told that there are no tickets, and has left.
  _abandon() {
    delete this._wishes[this._asking.name];
    this._end(true);
    this._listener.left();
  }

  // What is on paper, or will be, is somebody's: it stays in line.
  _orphan(one) {
    if (this.prints) return;
    this._orphans.push(one);
    this._giveBack();
  }

  // What the server gave to nobody is taken out of the line: the next stranger must not get it, nor wait behind it.
  async _giveBack() {
    if (this._returning) return;
    this._returning = true;
    while (this._orphans.length && this._live.online) {
      const one = this._orphans[0];
      let silent = false;
      try {
        if (!one.id) one.id = (await post('api/tickets', one.body, one.key)).id;
        await post('api/tickets/' + one.id + '/cancel', undefined, one.id);
      } catch (refusal) {
        silent = isSilence(refusal);
      }
      if (silent) await new Promise((done) => setTimeout(done, AGAIN_MS));
      else this._orphans.shift();
    }
    this._returning = false;
  }
}
