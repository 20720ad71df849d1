// The state of the queue as a screen knows it, and how each message changes it. Pure: events carry whole values, which
// replace the old ones.

const CALLS_KEPT = 8;

// Newest first, as the server sends them.
function withCall(calls, call) {
  return [call].concat(calls).slice(0, CALLS_KEPT);
}

function withDesk(desks, desk, deleted) {
  const rest = desks.filter((d) => d.name !== desk.name);
  return deleted ? rest : rest.concat([desk]);
}

/** The state after `message`. Before the first `state` message there is none: null. */
export function apply(state, message) {
  const p = message.payload || {};
  if (message.type === 'state') return p;
  if (!state || message.type === 'tick') return state;
  const next = Object.assign({}, state);
  if (typeof p.waiting === 'number') next.waiting = p.waiting;
  if (p.services) next.services = p.services;
  if (p.office) next.office = p.office;
  if (p.desks) next.desks = p.desks;
  if (p.desk) next.desks = withDesk(next.desks, p.desk, p.deleted);
  // Another desk, in whose own list the ticket waits now, or waited until now.
  if (p.lineDesk) next.desks = withDesk(next.desks, p.lineDesk);
  if (p.calls) next.calls = p.calls;
  if (p.call) next.calls = withCall(next.calls, p.call);
  return next;
}

export function deskNamed(state, name) {
  return state.desks.find((d) => d.name === name) || null;
}

/** Sorts desks as people count: 2 before 10, in any case. */
export function byName(a, b) {
  return a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: 'base' });
}

/**
 * Counts the tickets that this desk may call: of its services (of all, if it names none), and those
 * sent to it alone.
 */
export function withinReach(state, name) {
  const desk = deskNamed(state, name);
  const own = (desk && desk.services) || [];
  const reachable = state.services.filter((s) => !own.length || own.indexOf(s.prefix) >= 0);
  return reachable.reduce((sum, s) => sum + s.waiting, (desk && desk.waiting) || 0);
}
