// A copy of the office, and which server this is.

import { get } from './api.js';
import { roughSpan } from './i18n.js';
import { start } from './settings.js';

const $ = (id) => document.getElementById(id);

let health = null;

function render() {
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
});
