// Writes the texts of the desk page: facts about the ticket, the desk and the office.

import { $, show } from '../shared/dom.js';
import { deskTitle, nameOf, t, tn } from '../shared/i18n.js';
import { withinReach } from '../shared/state.js';

const serviceName = (state, prefix) => nameOf(state.services.find((s) => s.prefix === prefix) || { name: prefix });

/** The service, priority and note of a ticket, for a receptionist; usual values are left out. */
export function about(state, ticket) {
  const priority = (state.office.priorities || []).slice(1).find((p) => p.name === ticket.priority);
  return {
    service: state.services.length > 1 ? serviceName(state, ticket.service) : '',
    priority: priority ? nameOf(priority) : '',
  };
}

/** Beneath the code: of the ticket, or how many wait for this desk; and how the desk is set up. */
export function renderFacts(state, name, desk, note) {
  const { ticket, open } = desk;
  $('timer').hidden = !ticket;
  show('note', note || '');
  const names = desk.services.map((prefix) => serviceName(state, prefix)).join(' · ');
  show('scope', names && t('desk.scope', { names }));
  $('pause-text').textContent = t(open ? 'desk.pause' : 'desk.open');
  $('next-text').textContent = t(open ? 'desk.next' : 'desk.next.closed');
  $('shut').hidden = open;
  if (ticket) {
    const { service, priority } = about(state, ticket);
    const calls = ticket.calls > 1 ? t('desk.calls', { n: ticket.calls }) : '';
    $('fact').textContent = [service, priority, calls].filter(Boolean).join(' · ');
    return;
  }
  const waits = withinReach(state, name);
  const nobody = t(state.waiting ? 'desk.facts.others' : 'error.queue-empty');
  $('fact').textContent = (open ? '' : t('desk.facts.closed') + ' ') + (waits ? tn('desk.facts', waits) : nobody);
}

/** Counts tickets that no open desk serves: of a service without one, or for a closed desk. */
function unserved({ services, desks }) {
  const serves = ({ prefix }) => desks.some((d) => d.open && (!d.services.length || d.services.indexOf(prefix) >= 0));
  return services.filter((s) => !serves(s)).concat(desks.filter((d) => !d.open)).filter((one) => one.waiting)
    .map((one) => t('desk.unserved', { name: one.prefix ? nameOf(one) : deskTitle(one.name), n: one.waiting }));
}

// The only printer needs no name.
function printerWarnings(printers) {
  const isOnly = printers.names().length === 1;
  const failing = printers.names(({ fails }) => fails)
    .map((name) => (isOnly ? t('error.printer-failing') : t('desk.printer.failing', { name })));
  const low = printers.names(({ isPaperLow }) => isPaperLow)
    .map((name) => (isOnly ? t('desk.paper.low') : t('desk.printer.low', { name })));
  return failing.concat(low);
}

/** Warns of problems elsewhere in the office, so that somebody here can tell a colleague. */
export function renderWarning(state, printers) {
  const past = state.services.filter((s) => s.pastRange)
    .map((s) => t('desk.past', { prefix: s.prefix, last: s.last })).concat(unserved(state));
  show('warning', printerWarnings(printers).concat(past).join(' '));
}

// The texts for a desk that another screen has, and its button.
const WITHOUT = {
  refused: ['desk.taken', 'desk.taken.over'],
  lost: ['desk.taken.lost', 'desk.taken.back'],
  absent: ['desk.absent', 'desk.absent.make'],
};

/** Whether a screen with this standing has not got the desk. */
export const isWithout = (standing) => standing in WITHOUT;

/** Shows that another screen has the desk, or that there is none. Returns whether the focus was lost. */
export function renderTaken(standing, name, online) {
  const taken = isWithout(standing);
  const gone = !taken && $('taken').contains(document.activeElement);
  const [text, button] = WITHOUT[standing] || [];
  show('taken-text', taken ? t(text, { name }) : '');
  if (taken) $('take-over').textContent = t(button);
  $('take-over').disabled = !online;
  $('taken').hidden = !taken;
  return gone;
}
