// The page for sound and voice: what announces a call on the public screen, and how loud.

import { Voice } from '../public/voice.js';
import { get, put } from '../shared/api.js';
import { $, make, reconcile } from '../shared/dom.js';
import { languageName, t } from '../shared/i18n.js';
import { chime, watchSound } from '../shared/sound.js';
import { voicesOf } from '../shared/speech.js';
import { Form } from './form.js';
import { options, start } from './settings.js';

// The call that the test announces.
const SAMPLE = { code: 'A12', desk: '3' };
const SOUNDING_MS = 1000;

// The languages in which calls are spoken, and the chosen voices by language.
let spoken = [];
let voices = {};
let isBlocked = false;

const form = new Form($('form'), {
  fields: {
    voices: { get: () => Object.assign({}, voices), set: (value) => { voices = Object.assign({}, value); renderVoices(); } },
  },
  save: (changed) => put('api/settings', changed),
});

function choose(lang, name) {
  if (name) voices[lang] = name;
  else delete voices[lang];
}

function createVoice(lang) {
  const id = 'voice-' + lang;
  const select = make('select', { id });
  select.addEventListener('change', () => choose(lang, select.value));
  return make('li', { className: 'voice' }, [make('label', { htmlFor: id }), select, make('p', { className: 'now' })]);
}

function updateVoice(item, lang) {
  const [label, select, note] = item.children;
  const names = voicesOf(lang).map((voice) => voice.name);
  const chosen = voices[lang] || '';
  label.textContent = languageName(lang);
  // One that this browser has not is the voice of another.
  const all = !chosen || names.indexOf(chosen) >= 0 ? names : names.concat(chosen);
  options(select, [['', t('sound.voices.any')]].concat(all.map((name) => [name, name])));
  select.value = chosen;
  select.hidden = !all.length;
  note.textContent = names.length ? '' : t('sound.voices.none', { language: languageName(lang) });
}

function renderVoices() {
  reconcile($('voices'), spoken, { key: (lang) => lang, create: createVoice, update: updateVoice });
}

const voice = new Voice({
  languages: () => spoken,
  blocked: () => { isBlocked = true; },
  sound: () => form.values(),
});

// The first press frees the sound, a moment later.
const sounding = new Promise((resolve) => watchSound((blocked) => { if (!blocked) resolve(); }));

async function test() {
  const values = form.values();
  isBlocked = false;
  $('tested').textContent = '';
  await Promise.race([sounding, new Promise((resolve) => setTimeout(resolve, SOUNDING_MS))]);
  if (values.chime) await chime(values.volume);
  const isHeard = values.voice && await voice.say(Object.assign({}, SAMPLE));
  if (isBlocked) $('tested').textContent = t('sound.test.blocked');
  else if (values.voice && !isHeard) $('tested').textContent = t('sound.test.silent');
}

$('test').addEventListener('click', test);
voice.ready.then(renderVoices);

start({
  forms: [form],
  wants: (type) => type === 'settings-changed',
  async load() {
    const settings = await get('api/settings');
    spoken = settings.languages.length ? settings.languages : [settings.language];
    form.take(settings);
    renderVoices();
  },
  translate: renderVoices,
});
