// The list of backups on the server, and the button that makes one.

import { get, post } from '../shared/api.js';
import { $, make, reconcile } from '../shared/dom.js';
import { explain, locale, t } from '../shared/i18n.js';
import { CLOCK, formatTime } from '../shared/time.js';

const POLL_MS = 500;
const DATE = Object.assign({ year: 'numeric', month: 'long', day: 'numeric' }, CLOCK);

let backups = null;
// Whether this page has asked for a backup that is not made yet, and what it says of it.
let isWaiting = false;
let note = () => '';

function create({ name }) {
  const about = make('p', { className: 'about' }, [make('span', { className: 'name' }), make('span', { className: 'facts' })]);
  const link = make('a', { className: 'button change', href: 'api/backups/' + name });
  link.download = name;
  return make('li', {}, [about, link]);
}

function update(row, { madeAt, bytes }) {
  const [about, link] = row.children;
  const time = formatTime(madeAt, DATE);
  const size = (bytes / 1e6).toLocaleString(locale(), { maximumFractionDigits: 1 });
  about.children[0].textContent = time;
  about.children[1].textContent = t('backup.size', { size });
  link.textContent = t('backup.download');
  link.setAttribute('aria-label', t('backup.download.of', { time }));
}

/** Shows what is known of the backups. */
export function renderBackups() {
  $('backups').hidden = !backups;
  if (!backups) return;
  $('without').hidden = !!backups.folder;
  $('with').hidden = !backups.folder;
  $('backup-failed').hidden = !backups.problem;
  $('empty').hidden = !!backups.backups.length;
  $('now').disabled = isWaiting;
  $('progress').textContent = note();
  reconcile($('list'), backups.backups, { key: ({ name }) => name, create, update });
}

/** Fetches the list. Whoever is no admin sees none. */
export async function loadBackups() {
  backups = await get('api/backups');
  renderBackups();
}

async function backUp() {
  isWaiting = true;
  note = () => t('backup.running');
  renderBackups();
  try {
    const { run } = await post('api/backups');
    do {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      await loadBackups();
    } while (backups.finished < run);
    note = () => (backups.problem ? '' : t('backup.done'));
  } catch (refusal) {
    note = () => explain(refusal);
  }
  isWaiting = false;
  renderBackups();
}

$('now').addEventListener('click', backUp);
