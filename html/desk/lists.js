// Fetches what a desk's screen lists, again after events that may change it: the desk's queue, the whole office's tickets
// on hold and no-shows, and the id and note of the ticket that it serves.

import { get } from '../shared/api.js';

/** Number of waiting tickets that are shown. */
export const LIST_MOST = 10;
// Many events at once ask for the list once.
const LIST_AFTER_MS = 60;
// These events change neither the tickets on hold nor the no-shows.
const LEAVES_ASIDE = ['ticket-created', 'ticket-recalled', 'ticket-finished', 'desk-changed'];

const keyOf = (ticket) => (ticket ? ticket.code + ' ' + ticket.createdAt : '');

// A desk that was deleted calls nobody.
function notThere(refusal) {
  if (refusal.status !== 404) throw refusal;
  return [];
}

export class Lists {
  /** `hasDesk()`: whether the desk is there; `current()`: its ticket; `changed()` is called after a fetch. */
  constructor(path, hasDesk, current, changed) {
    this.queue = [];
    this.aside = [];
    this._path = path;
    this._hasDesk = hasDesk;
    this._current = current;
    this._changed = changed;
    this._whole = { of: '', ticket: {} };
    this._asideWanted = true;
    this._timer = 0;
    this._asked = false;
    this._again = false;
  }

  /** `type` is the type of the event, if an event caused it. */
  ask(type) {
    if (LEAVES_ASIDE.indexOf(type) < 0) this._asideWanted = true;
    if (this._asked) {
      this._again = true;
      return;
    }
    this._soon();
  }

  _soon() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._fetch(), LIST_AFTER_MS);
  }

  /** The whole ticket, once it was received. */
  wholeOf(ticket) {
    return ticket && this._whole.of === keyOf(ticket) ? this._whole.ticket : {};
  }

  async _fetch() {
    if (!this._hasDesk()) return;
    this._asked = true;
    this._again = false;
    const withAside = this._asideWanted;
    this._asideWanted = false;
    const known = this._whole.of === keyOf(this._current());
    try {
      const [queue, aside, desk] = await Promise.all([
        get(this._path + '/queue?limit=' + LIST_MOST).catch(notThere),
        withAside ? get('api/tickets?state=held,no-show') : this.aside,
        known ? null : get(this._path).catch(notThere),
      ]);
      this.queue = queue;
      this.aside = aside;
      if (desk) this._whole = { of: keyOf(desk.ticket), ticket: desk.ticket || {} };
      this._changed();
    } catch (refusal) {
      // The next event, or the return of the connection, asks again.
      if (withAside) this._asideWanted = true;
    }
    this._asked = false;
    if (this._again) this._soon();
  }
}
