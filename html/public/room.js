// The services or desks that one room's screen shows: `?services=A,B` or `?desks=1,2`; everything by default.

const listed = (search, name) => {
  const value = new URLSearchParams(search).get(name);
  return value ? value.split(',').map((one) => one.trim()).filter(Boolean) : null;
};

// The last calls of the office may all be of other rooms.
function newestOf(desks) {
  const tickets = desks.map((desk) => desk.ticket).filter(Boolean).sort((a, b) => (a.handleAt < b.handleAt ? 1 : -1));
  return tickets.slice(0, 1).map((ticket) => ({ seq: 0, code: ticket.code, desk: ticket.handleAtDesk, service: ticket.service, kind: 'call', at: ticket.handleAt }));
}

export class Room {
  /** `search`: the query of the page's address. */
  constructor(search) {
    this._services = listed(search, 'services');
    this._desks = listed(search, 'desks');
  }

  /** Whether a ticket of `service`, called at the desk of that name, concerns this room. */
  has(service, desk) {
    return (!this._desks || this._desks.indexOf(desk) >= 0) && (!this._services || this._services.indexOf(service) >= 0);
  }

  /** The services that the address names and the office has not. */
  unknown(services) {
    return (this._services || []).filter((prefix) => !services.some((service) => service.prefix === prefix));
  }

  /** The state of the office as far as it concerns this room. */
  of(state) {
    if (!this._services && !this._desks) return state;
    const desks = state.desks.filter((desk) => this._serves(desk)).map((desk) => (
      desk.ticket && !this.has(desk.ticket.service, desk.name) ? Object.assign({}, desk, { ticket: null }) : desk));
    const services = state.services.filter((service) => this._isServed(service.prefix, desks));
    const waiting = services.concat(this._desks ? desks : []).reduce((sum, one) => sum + (one.waiting || 0), 0);
    const calls = state.calls.filter((call) => this.has(call.service, call.desk));
    return Object.assign({}, state, { desks, services, waiting, calls: calls.length || !state.calls.length ? calls : newestOf(desks) });
  }

  // A desk without services of its own serves all.
  _serves(desk) {
    const { services } = desk;
    if (this._desks && this._desks.indexOf(desk.name) < 0) return false;
    return !this._services || !services.length || services.some((prefix) => this._services.indexOf(prefix) >= 0)
      || Boolean(desk.ticket && this._services.indexOf(desk.ticket.service) >= 0);
  }

  _isServed(prefix, desks) {
    if (this._services && this._services.indexOf(prefix) < 0) return false;
    return !this._desks || desks.some((desk) => !desk.services.length || desk.services.indexOf(prefix) >= 0);
  }
}
