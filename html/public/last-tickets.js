// The last ticket of each desk, shown for two minutes after it ended, for visitors who missed the call.

const SHOWN_MS = 2 * 60 * 1000;
// Not after a transfer or an undo: the ticket waits again.
const ENDS = ['ticket-finished', 'ticket-no-show', 'ticket-held'];

export class LastTickets {
  /** `now()`: the server's time, in milliseconds. */
  constructor(now) {
    this._now = now;
    // By the desk's name: the ticket, and when it ended.
    this._tickets = new Map();
  }

  /** Takes a message of the server. */
  note(message) {
    const { desk, ticket, calls, deleted } = message.payload;
    if (message.type === 'state') this._guess(message.payload);
    else if (message.type === 'day-started') this._tickets.clear();
    else if (desk && ticket && ENDS.indexOf(message.type) >= 0) {
      this._tickets.set(desk.name, { code: ticket.code, service: ticket.service, at: ticket.doneAt || new Date(this._now()).toISOString() });
    } else if (desk && (desk.ticket || deleted || calls)) this._tickets.delete(desk.name);
  }

  // A screen that has just been switched on knows the last calls only.
  _guess({ desks, calls }) {
    desks.filter((desk) => !desk.ticket && !this._tickets.has(desk.name)).forEach((desk) => {
      const call = calls.find((one) => one.desk === desk.name);
      if (call) this._tickets.set(desk.name, call);
    });
  }

  /** The last ticket of a desk, or null if that was long ago. */
  of(name) {
    const last = this._tickets.get(name);
    return last && this._now() - Date.parse(last.at) < SHOWN_MS ? last : null;
  }
}
