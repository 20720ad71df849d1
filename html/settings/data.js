// The backup page: backups, export and import of the office, and the version of the server.

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
  $('address').textContent = address;
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
