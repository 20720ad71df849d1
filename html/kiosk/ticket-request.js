// Requests for tickets, each with an idempotency key. If an answer is lost, the next touch repeats the request with the
// same key. Tickets whose visitor has left without an answer are cancelled.

import { freshKey, post } from '../shared/api.js';
import { language } from '../shared/i18n.js';

// Time after a lost answer in which the visitor still stands there, and the ticket would be theirs.
const STAY_MS = 10000;
// Ordinary answers take less time.
const SLOW_MS = 3000;
const AGAIN_MS = 2000;

/** Whether a refusal leaves open what came of the request. */
export const isUnanswered = (refusal) => refusal.code === 'no-connection' || refusal.status === 503;

export class TicketRequests {
  /**
   * @param live the connection; the page calls `connected()` when it changes.
   * @param listener `left()`: the visitor has left without an answer; `changed()`: `unanswered` has changed.
   */
  constructor(live, listener) {
    /** The printer that stands here, or '': with one, a ticket is on paper, heard of or not. */
    this.printer = '';
    /** Whether there may be a ticket that this screen has not heard of. */
    this.unanswered = false;
    this._live = live;
    this._listener = listener;
    this._requests = {};
    this._asking = null;
    this._slowTimer = 0;
    this._leavingTimer = 0;
    this._doubtTimer = 0;
    // Requests, and tickets, of visitors who left without an answer.
    this._orphans = [];
    this._cancelling = false;
  }

  /** The ticket, or null if its visitor has left meanwhile; a refusal is thrown. */
  async ask(service, priority) {
    const request = this._requestFor(service, priority);
    this._asking = request;
    this._setUnanswered(false);
    this._slowTimer = setTimeout(() => this._setUnanswered(true), SLOW_MS);
    try {
      const ticket = await post('api/tickets', request.body, request.key);
      if (this._asking !== request) {
        this._addOrphan({ id: ticket.id });
        return null;
      }
      delete this._requests[request.name];
      this._finish(false);
      return ticket;
    } catch (refusal) {
      const isSilent = isUnanswered(refusal);
      if (this._asking !== request) {
        if (isSilent) this._addOrphan(request);
        return null;
      }
      // An answer, even a refusal, ends the request; silence keeps its key while somebody may touch again.
      if (isSilent) request.timer = setTimeout(() => { delete this._requests[request.name]; this._addOrphan(request); }, STAY_MS);
      else delete this._requests[request.name];
      this._finish(refusal.code === 'no-connection');
      throw refusal;
    }
  }

  /** The connection has come, or gone. */
  connected() {
    clearTimeout(this._leavingTimer);
    if (!this._live.online && this._asking) this._leavingTimer = setTimeout(() => this._abandon(), STAY_MS);
    if (this.unanswered) this._setUnanswered(true);
    this._cancelOrphans();
  }

  _requestFor(service, priority) {
    const name = service + ' ' + (priority || '');
    const request = this._requests[name] || { name, key: freshKey(), body: this._bodyFor(service, priority), timer: 0 };
    clearTimeout(request.timer);
    this._requests[name] = request;
    return request;
  }

  _bodyFor(service, priority) {
    const body = { service, language: language() };
    if (priority) body.priority = priority;
    if (this.printer) body.printer = this.printer;
    return body;
  }

  _finish(unanswered) {
    this._asking = null;
    clearTimeout(this._slowTimer);
    clearTimeout(this._leavingTimer);
    this._setUnanswered(unanswered);
  }

  // It ends with an answer or, if the connection works, when the visitor will have left.
  _setUnanswered(unanswered) {
    clearTimeout(this._doubtTimer);
    if (unanswered && this._live.online && !this._asking) this._doubtTimer = setTimeout(() => this._setUnanswered(false), STAY_MS);
    if (unanswered === this.unanswered) return;
    this.unanswered = unanswered;
    this._listener.changed();
  }

  // The visitor has read that no ticket can be taken, and has left.
  _abandon() {
    delete this._requests[this._asking.name];
    this._finish(true);
    this._listener.left();
  }

  // A printed ticket belongs to somebody and stays in the queue.
  _addOrphan(one) {
    if (this.printer) return;
    this._orphans.push(one);
    this._cancelOrphans();
  }

  // Tickets that nobody got are cancelled: the next visitor must not get them or wait behind them.
  async _cancelOrphans() {
    if (this._cancelling) return;
    this._cancelling = true;
    while (this._orphans.length && this._live.online) {
      const one = this._orphans[0];
      let isSilent = false;
      try {
        if (!one.id) one.id = (await post('api/tickets', one.body, one.key)).id;
        await post('api/tickets/' + one.id + '/cancel', undefined, one.id);
      } catch (refusal) {
        isSilent = isUnanswered(refusal);
      }
      if (isSilent) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      else this._orphans.shift();
    }
    this._cancelling = false;
  }
}
