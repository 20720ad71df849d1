// The page of backups, of the office's export and import, and of the server's version.

import { get } from '../shared/api.js';
import { $ } from '../shared/dom.js';
import { roughSpan } from '../shared/i18n.js';
import { loadBackups, renderBackups } from './backups.js';
import { renderQuestion } from './restore.js';
import { start } from './settings.js';

const here = new URL('.', document.baseURI).href;
let health = null;
let address = here;

function render() {
  // Nobody else reaches an address that each computer has for itself.
  const isOwn = /^(127\.|localhost$|\[::1\]$)/.test(new URL(address).hostname);
  $('address').textContent = isOwn ? '–' : address;
  $('no-address').hidden = !isOwn;
  $('reachable').hidden = isOwn;
  if (!health) return;
  $('version').textContent = health.version;
  $('uptime').textContent = roughSpan(health.uptimeSeconds);
}

start({
  wants: () => false,
  async load() {
    // Only admins may see them.
    loadBackups().catch(() => {});
    health = await get('api/health');
    render();
    // Another device does not find this machine by its name for itself.
    ({ address } = await get('api/address?base=' + encodeURIComponent(here)));
    render();
  },
  translate() {
    render();
    renderQuestion();
    renderBackups();
  },
  copies: [$('copy')],
});
