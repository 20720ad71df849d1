// The appearance page: message, colour, logo, and the sites that may embed the screens.

import { get, put } from '../shared/api.js';
import { contrast, coloursOf } from '../shared/appearance.js';
import { $ } from '../shared/dom.js';
import { t } from '../shared/i18n.js';
import { Form } from './form.js';
import { paperLogo } from './paper-logo.js';
import { start } from './settings.js';


// As tickets/appearance.rs has it.
const LEAST_CONTRAST = 7;
const LONGEST_LOGO = 40 * 1024;
const LOGO_TYPES = ['image/png', 'image/jpeg', 'image/svg+xml', 'image/webp'];
// The colour of offices without their own (tokens.css).
const OWN = '#0b5348';
const COLOUR = /^#[0-9a-f]{6}$/i;
// A logo is shown a few lines high; these are tried until it is small enough.
const HEIGHTS = [192, 128, 96, 64, 48];

const best = (colour) => Math.max(contrast(colour, '#ffffff'), contrast(colour, '#000000'));

let logo = null;

function showLogo() {
  const img = $('preview');
  img.hidden = !logo;
  if (logo) img.src = logo; else img.removeAttribute('src');
  img.alt = t('appearance.logo');
  $('no-logo').hidden = !logo;
}

function setLogo(value) {
  logo = value || null;
  showLogo();
}

function chooseLogo(value, said) {
  setLogo(value);
  $('logo-said').textContent = said;
  form.typed();
}

const asDataUrl = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = reject;
  reader.readAsDataURL(file);
});

const asImage = (url) => new Promise((resolve, reject) => {
  const img = new Image();
  img.onload = () => resolve(img);
  img.onerror = reject;
  img.src = url;
});

/** The same picture, small enough; null where it is not to be had. */
function reduced(img) {
  for (const most of HEIGHTS) {
    const height = Math.min(most, img.naturalHeight || most);
    const canvas = document.createElement('canvas');
    canvas.height = height;
    canvas.width = Math.max(1, Math.round(height * ((img.naturalWidth || 1) / (img.naturalHeight || 1))));
    canvas.getContext('2d').drawImage(img, 0, 0, canvas.width, canvas.height);
    const url = canvas.toDataURL('image/png');
    if (url.length <= LONGEST_LOGO) return url;
  }
  return null;
}

async function pickLogo() {
  const file = $('file').files[0];
  if (!file) return;
  form.clear('logo');
  let url = null;
  try {
    if (LOGO_TYPES.indexOf(file.type) >= 0) {
      url = await asDataUrl(file);
      const img = await asImage(url);
      if (url.length > LONGEST_LOGO) {
        url = reduced(img);
        if (url) chooseLogo(url, t('appearance.logo.reduced'));
        else form.wrong({ logo: t('appearance.logo.large') });
        return;
      }
    }
  } catch (e) {
    url = null;
  }
  if (url) chooseLogo(url, '');
  else form.wrong({ logo: t('appearance.logo.type') });
}

async function save(changed) {
  if (!('logo' in changed)) return put('api/settings', changed);
  const onPaper = changed.logo ? paperLogo(await asImage(changed.logo)) : null;
  return put('api/settings', Object.assign({ paperLogo: onPaper }, changed));
}

const frames = () => $('frames').value.split(/\s+/).filter(Boolean);

const form = new Form($('form'), {
  fields: {
    logo: { get: () => logo, set: setLogo },
    frameAncestors: { get: frames, set: (list) => { $('frames').value = (list || []).join('\n'); } },
  },
  save,
  check({ accent, frameAncestors }) {
    const wrong = {};
    if (accent && !COLOUR.test(accent)) wrong.accent = t('appearance.accent.wrong');
    else if (accent && best(accent) < LEAST_CONTRAST) wrong.accent = t('appearance.accent.bad');
    const site = frameAncestors.filter((one) => !/^https?:\/\/[\w.:[\]-]+$/i.test(one))[0];
    if (site) wrong.frameAncestors = t('appearance.frames.wrong', { site });
    else if (frameAncestors.length > 8) wrong.frameAncestors = t('appearance.frames.many', { most: 8 });
    return wrong;
  },
  typed({ accent }) {
    const is = accent && COLOUR.test(accent);
    $('pick').value = is ? accent.toLowerCase() : OWN;
    const n = is ? best(accent) : 0;
    const good = n >= LEAST_CONTRAST;
    $('contrast').textContent = !is ? '' : (good ? '✓ ' : '⚠ ') + t(good ? 'appearance.accent.good' : 'appearance.accent.low', { n: n.toFixed(1) });
    $('contrast').classList.toggle('is-low', is && !good);
    for (const theme of ['light', 'dark']) {
      const sample = document.querySelector('.sample--' + theme);
      sample.hidden = !is || !good;
      if (!is || !good) continue;
      const colours = coloursOf(accent.toLowerCase())[theme];
      sample.style.background = colours['--accent'];
      sample.style.color = colours['--on-accent'];
    }
    $('preview').alt = t('appearance.logo');
  },
  discarded() {
    $('file').value = '';
    $('logo-said').textContent = '';
  },
});

$('pick').addEventListener('input', () => { $('accent').value = $('pick').value; });
$('file').addEventListener('change', pickLogo);
$('no-logo').addEventListener('click', () => {
  $('file').value = '';
  chooseLogo(null, '');
  $('file').focus();
});

start({
  forms: [form],
  wants: (type) => type === 'settings-changed',
  async load() {
    form.take(await get('api/settings'));
  },
  translate: showLogo,
});
