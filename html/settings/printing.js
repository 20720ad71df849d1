// The printing page: network printers with a test print, the kiosk's own printer, the office's text and the address in QR
// codes.

import { get, post, put } from '../shared/api.js';
import { $, make, reconcile } from '../shared/dom.js';
import { explain, keepChoices, t } from '../shared/i18n.js';
import { moveUp, renderUp, upButton } from '../shared/order.js';
import { Printers } from '../shared/printers.js';
import { Form } from './form.js';
import { names } from './names.js';
import { options, start } from './settings.js';

// As the server has it.
const MOST = 16;
const LONGEST_TEXT = 200;
const WIDTHS = [['58', '58 mm'], ['80', '80 mm']];
const USUAL_WIDTH = '80';
// The maker in programs, and whose printers have the same code pages.
const MAKERS = [['epson', 'Epson, Citizen, Seiko'], ['star', 'Star'], ['bixolon', 'Bixolon'], ['wincor', 'Wincor Nixdorf'],
  ['zjiang', 'Zjiang, Netum, Xprinter'], ['munbyn', 'Munbyn, Sunmi']];
// The printer that the flag --printer sets.
const FLAG = 'main';

const states = new Printers();
let rows = [];

function field(key, control) {
  const label = make('label', {}, [make('span', { 'data-t': key, text: t(key) }), control]);
  return make('div', { className: 'field' }, [label]);
}

function row() {
  const made = {
    name: make('input', { required: true, maxLength: 60, autocomplete: 'off', dir: 'auto' }),
    address: make('input', { required: true, autocomplete: 'off', spellcheck: false, dir: 'ltr', placeholder: '192.168.1.50' }),
    maker: make('select'),
    width: make('select'),
    qr: make('select'),
    note: make('p', { className: 'warning' }),
    kiosk: make('a', { target: '_blank' }),
    up: upButton(() => {
      if (!moveUp(rows, made)) return;
      show();
      form.typed();
    }, () => made.name),
    remove: make('button', { type: 'button', className: 'button small', text: '✕' }),
    test: make('button', { type: 'button', className: 'button small' }),
  };
  const link = make('p', { className: 'what' }, [make('span', { 'data-t': 'printing.kiosk', text: t('printing.kiosk') }), document.createTextNode(' '), made.kiosk]);
  made.el = make('li', {}, [
    make('div', { className: 'pair' }, [field('printing.name', made.name), field('printing.address', made.address), made.up, made.remove]),
    make('div', { className: 'pair' }, [field('printing.maker', made.maker), field('printing.width', made.width),
      field('printing.qr', made.qr)]),
    made.note, link, made.test]);
  made.remove.addEventListener('click', () => {
    const i = rows.indexOf(made);
    rows.splice(i, 1);
    show();
    form.typed();
    (rows.length ? rows[Math.min(i, rows.length - 1)].name : $('add')).focus();
  });
  made.test.addEventListener('click', () => test(made));
  return made;
}

/** Their order, and what depends on it. */
function show() {
  rows.forEach((one, i) => {
    ['name', 'address', 'maker', 'width', 'qr'].forEach((part) => { one[part].name = 'printers[' + i + '].' + part; });
    options(one.maker, MAKERS.concat([['ascii', t('printing.maker.other')]]));
    options(one.width, WIDTHS);
    options(one.qr, [['native', t('printing.qr.native')], ['picture', t('printing.qr.picture')], ['none', t('printing.qr.none')]]);
    const name = one.name.value.trim();
    renderUp(one.up, name || t('printing.new'), i, true);
    one.remove.setAttribute('aria-label', t('printing.remove', { name: name || t('printing.new') }));
    one.remove.title = one.remove.getAttribute('aria-label');
    one.note.textContent = states.has(name) && states.fails(name) ? t('error.printer-failing') : '';
    one.kiosk.parentElement.hidden = !name;
    const address = new URL('new-ticket.html', document.baseURI);
    address.searchParams.set('printer', name);
    one.kiosk.textContent = address.href;
    one.kiosk.href = keepChoices(address.href);
    one.test.textContent = t('printing.test');
  });
  reconcile($('printers'), rows, { key: (one) => one, create: (one) => one.el });
  $('add').disabled = rows.length >= MOST;
  const isFlagged = states.has(FLAG) && !rows.some((one) => one.name.value.trim() === FLAG);
  $('flag').textContent = isFlagged ? t('printing.flag', { name: FLAG, flag: '--printer' }) : '';
}

async function test({ name }) {
  const said = $('tested');
  said.textContent = '';
  if (form.isDirty()) {
    said.textContent = t('printing.test.save');
    return;
  }
  try {
    await post('api/printers/' + encodeURIComponent(name.value.trim()) + '/test');
    said.textContent = t('printing.test.done');
  } catch (refusal) {
    said.textContent = explain(refusal);
  }
}

const printers = {
  get: () => rows.map(({ name, address, maker, width, qr }) => ({
    name: name.value.trim(), address: address.value.trim(), maker: maker.value, width: Number(width.value), qr: qr.value,
  })),
  set(list) {
    rows = (list || []).map((one, i) => rows[i] || row());
    show();
    (list || []).forEach((one, i) => {
      Object.keys(one).forEach((part) => { rows[i][part].value = String(one[part]); });
    });
    show();
  },
};

const width = $('paperWidth');
options(width, WIDTHS);

const form = new Form($('form'), {
  fields: {
    printers,
    paperText: names($('texts'), 'paperText', LONGEST_TEXT),
    paperWidth: { get: () => Number(width.value), set: (value) => { width.value = String(value); } },
  },
  save: (changed) => put('api/settings', changed),
  check(values) {
    const wrong = {};
    values.printers.forEach((one, i, all) => {
      if (one.name && all.slice(0, i).some((other) => other.name === one.name)) wrong['printers[' + i + '].name'] = t('printing.twice');
    });
    return wrong;
  },
  typed: show,
});

$('add').addEventListener('click', () => {
  const made = row();
  rows.push(made);
  show();
  made.width.value = USUAL_WIDTH;
  form.typed();
  made.name.focus();
});

start({
  forms: [form],
  wants: (type) => type === 'settings-changed',
  tell(m) {
    if (m.type !== 'printer') return;
    states.hear(m.payload);
    show();
  },
  async load() {
    const [settings, health] = await Promise.all([get('api/settings'), get('api/health')]);
    form.take(settings);
    $('no-url').textContent = health.publicUrlProblem ? t('printing.url.none') : '';
  },
  translate: show,
});
