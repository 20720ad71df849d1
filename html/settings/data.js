// The backup page: export of the office, and the version of the server.

import { get } from '../shared/api.js';
import { $ } from '../shared/dom.js';
import { roughSpan } from '../shared/i18n.js';
import { start } from './settings.js';


let health = null;

/** A day as the copy's name has it. */
function day(date) {
  const two = (n) => (n < 10 ? '0' + n : String(n));
  return [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
}

function render() {
  $('command').textContent = 'turnero import turnero-' + day(new Date()) + '.json';
  $('address').textContent = new URL('.', document.baseURI).href;
  if (!health) return;
  $('version').textContent = health.version;
  $('uptime').textContent = roughSpan(health.uptimeSeconds);
}

start({
  wants: () => false,
  async load() {
    health = await get('api/health');
    render();
  },
  translate: render,
  copies: [$('copy')],
});
