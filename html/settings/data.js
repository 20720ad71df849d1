// The page of backups, of the office's export and import, and of the server's version.

import { get } from '../shared/api.js';
import { $ } from '../shared/dom.js';
import { roughSpan } from '../shared/i18n.js';
import { loadBackups, renderBackups } from './backups.js';
import { renderQuestion } from './restore.js';
import { loadServers, renderServers } from './servers.js';
import { start } from './settings.js';

const here = new URL('.', document.baseURI).href;
let health = null;
let address = here;
let secure = null;

function render() {
  // Nobody else reaches an address that each computer has for itself.
  const isOwn = /^(127\.|localhost$|\[::1\]$)/.test(new URL(address).hostname);
  $('address').textContent = isOwn ? '–' : address;
  $('no-address').hidden = !isOwn;
  $('reachable').hidden = isOwn;
  $('https').hidden = !secure;
  $('secure').textContent = secure || '';
  if (!health) return;
  $('certificate').hidden = !health.certificateProblem;
  $('version').textContent = health.version;
  $('uptime').textContent = roughSpan(health.uptimeSeconds);
}

start({
  wants: () => false,
  async load() {
    // Only admins may see these.
    loadBackups().catch(() => {});
    loadServers().catch(() => {});
    health = await get('api/health');
    render();
    // Another device does not find this machine by its name for itself.
    const found = await get('api/address?base=' + encodeURIComponent(here));
    address = found.address;
    secure = found.secureAddress;
    $('trust').hidden = !found.hasAuthority;
    render();
  },
  translate() {
    render();
    renderQuestion();
    renderBackups();
    renderServers();
  },
  copies: [$('copy')],
});
