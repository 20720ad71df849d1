// Imports an office: reads the chosen file, asks, and sends it.

import { post } from '../shared/api.js';
import { $ } from '../shared/dom.js';
import { explain, t } from '../shared/i18n.js';
import { CLOCK, formatTime } from '../shared/time.js';

const FORMAT = 'turnero-office';
// The largest file that the server takes from a page.
const MOST_BYTES = 16 * 1024 * 1024;

let chosen = null;
// Whether the history is left out, because the file would be too large.
let isShortened = false;

/** The office in the file; null if it is no export. */
async function read(file) {
  try {
    // `File.text` is younger than the oldest browsers here.
    const content = JSON.parse(await new Response(file).text());
    if (content.format !== FORMAT) return null;
    // The server ignores the audit log, which is most of the file.
    content.audit = [];
    isShortened = new Blob([JSON.stringify(content)]).size > MOST_BYTES;
    if (isShortened) content.history = [];
    return content;
  } catch (e) {
    return null;
  }
}

function ask(content) {
  chosen = content;
  $('sure').hidden = !content;
  renderQuestion();
}

/** The question, in the reader's language. */
export function renderQuestion() {
  if (!chosen) return;
  const time = formatTime(chosen.exportedAt, Object.assign({ day: 'numeric', month: 'long', year: 'numeric' }, CLOCK));
  const question = t('data.restore.sure', { name: chosen.office.settings.name, time });
  $('sure-text').textContent = isShortened ? question + ' ' + t('data.restore.long') : question;
}

function fail(text) {
  $('failed').textContent = text;
  $('failed').hidden = !text;
}

async function choose() {
  fail('');
  $('restored').textContent = '';
  const [file] = $('file').files;
  const content = file ? await read(file) : null;
  // Another file may have been chosen meanwhile.
  if (file !== $('file').files[0]) return;
  try {
    ask(content);
  } catch (e) {
    ask(null);
  }
  if (file && !chosen) fail(t('data.restore.wrong'));
}

function forget() {
  ask(null);
  $('file').value = '';
  $('file').focus();
}

async function restore() {
  $('really').disabled = true;
  fail('');
  try {
    await post('api/import', chosen);
    forget();
    $('restored').textContent = t('data.restore.done');
  } catch (refusal) {
    fail(refusal.code === 'invalid' ? t('data.restore.wrong') : explain(refusal));
  }
  $('really').disabled = false;
}

$('file').addEventListener('change', choose);
$('keep').addEventListener('click', forget);
$('really').addEventListener('click', restore);
