// The backup page: export of the office, and the version of the server.

import { get } from '../shared/api.js';
import { $ } from '../shared/dom.js';
import { roughSpan } from '../shared/i18n.js';
import { start } from './settings.js';


const here = new URL('.', document.baseURI).href;
let health = null;
let address = here;

/** A day as the copy's name has it. */
function day(date) {
  const two = (n) => (n < 10 ? '0' + n : String(n));
  return [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
}

function render() {
  $('command').textContent = 'turnero import turnero-' + day(new Date()) + '.json';
  $('address').textContent = address;
  if (!health) return;
  $('version').textContent = health.version;
  $('uptime').textContent = roughSpan(health.uptimeSeconds);
}

start({
  wants: () => false,
  async load() {
    health = await get('api/health');
    render();
    // Another device does not find this machine by its name for itself.
    ({ address } = await get('api/address?base=' + encodeURIComponent(here)));
    render();
  },
  translate: render,
  copies: [$('copy')],
});
