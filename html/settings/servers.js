// The list of the servers that share the office.

import { get } from '../shared/api.js';
import { $, make, reconcile } from '../shared/dom.js';
import { t } from '../shared/i18n.js';

const POLL_MS = 5000;

let servers = [];
let timer = 0;

function create() {
  const about = make('p', { className: 'about' }, [make('span', { className: 'name' }, [make('bdi')]), make('span', { className: 'facts' })]);
  return make('li', {}, [about]);
}

function update(row, { name, version, role, lag, isThis }) {
  const [heading, facts] = row.firstChild.children;
  heading.firstChild.textContent = name;
  const state = lag === null ? t('servers.unknown') : lag ? t('servers.behind', { n: lag }) : t('servers.current');
  const all = [isThis && t('servers.this'), role === 'leader' && t('servers.leader'), state, t('servers.version', { version })];
  facts.textContent = all.filter(Boolean).join(' · ');
}

/** Shows what is known of the servers; nothing if the office is in a data file. */
export function renderServers() {
  $('servers').hidden = !servers.length;
  reconcile($('server-list'), servers, { key: (one) => servers.indexOf(one), create, update });
}

/** Fetches the list, again and again if there is one. Whoever is no admin sees none. */
export async function loadServers() {
  clearTimeout(timer);
  servers = await get('api/servers');
  renderServers();
  if (servers.length) timer = setTimeout(() => loadServers().catch(() => {}), POLL_MS);
}
