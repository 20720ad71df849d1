// A form of the settings. It sends only the fields that were changed, so that two people at the same form keep each
// other's work, and says which fields somebody else has changed meanwhile.

import { make } from '../shared/dom.js';
import { explain, t } from '../shared/i18n.js';

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const CONTROL = 'input, select, textarea';
let described = 0;

function read(control) {
  if (control.type === 'checkbox') return control.checked;
  const value = control.value.trim();
  if (control.type === 'number') return value === '' ? null : Number(value);
  return value === '' && control.hasAttribute('data-null') ? null : value;
}

function write(control, value) {
  if (control.type === 'checkbox') control.checked = Boolean(value);
  else control.value = value === null || value === undefined ? '' : String(value);
}

/** A value in the reader's words. */
function inWords(value) {
  if (typeof value === 'boolean') return t(value ? 'settings.yes' : 'settings.no');
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.length < 200 ? value : '';
}

export class Form {
  /**
   * @param el the `<form>`. Its plain controls are its fields, by their names.
   * @param how `save(changed, values)` gives a promise, of what the server has now if it says so;
   *   `check(values)` gives texts by field; `fields` has `{get, set}` by name, for fields of
   *   several controls; `typed(values)` is called at each change; `always` saves unchanged fields, too.
   */
  constructor(el, how) {
    this.el = el;
    this.how = how;
    this.base = null;
    this.busy = false;
    this._online = false;
    this.fields = {};
    for (const control of Array.from(el.elements)) {
      if (/^[A-Za-z]+$/.test(control.name)) this._plain(control);
    }
    Object.assign(this.fields, how.fields);
    el.noValidate = true;
    el.addEventListener('submit', (e) => this._submit(e));
    el.addEventListener('input', () => this.typed());
    el.addEventListener('change', () => this.typed());
    this._undo = el.querySelector('.undo');
    if (this._undo) this._undo.addEventListener('click', () => this.discard());
    this._describe();
    // Until it has values.
    this._disable(true);
  }

  _disable(off) {
    Array.from(this.el.elements).forEach((control) => { control.disabled = off; });
  }

  _plain(control) {
    const { el, fields } = this;
    const { name } = control;
    if (control.type !== 'radio') {
      fields[name] = { get: () => read(control), set: (value) => write(control, value) };
      return;
    }
    const all = () => Array.from(el.querySelectorAll('[name="' + name + '"]'));
    fields[name] = {
      get: () => all().filter((one) => one.checked).map((one) => one.value)[0],
      set: (value) => all().forEach((one) => { one.checked = one.value === value; }),
    };
  }

  /** Connects each control with its help and its error for screen readers. */
  _describe() {
    for (const field of Array.from(this.el.querySelectorAll('.field'))) {
      const what = field.querySelector('.what');
      const control = field.tagName === 'FIELDSET' ? field : field.querySelector(CONTROL);
      if (field.hasAttribute('data-about')) continue;
      const base = 'about-' + (described += 1);
      field.setAttribute('data-about', base);
      if (!control || control.closest('.field') !== field) continue;
      if (what) what.id = what.id || base;
      control.setAttribute('aria-describedby', (what ? what.id + ' ' : '') + base + '-wrong ' + base + '-meanwhile');
    }
  }

  values() {
    const values = {};
    Object.keys(this.fields).forEach((name) => { values[name] = this.fields[name].get(); });
    return values;
  }

  changed() {
    const values = this.values();
    const changed = {};
    Object.keys(values).forEach((name) => {
      if (this.base && !same(values[name], this.base[name])) changed[name] = values[name];
    });
    return changed;
  }

  isDirty() {
    return Object.keys(this.changed()).length > 0;
  }

  open(values) {
    this.base = null;
    this._clear();
    this.take(values);
  }

  /** Takes the server's values. A field that is being edited stays, with a note that it changed elsewhere. */
  take(values) {
    const changed = this.base ? this.changed() : {};
    let met = false;
    if (!this.base && !this._shut) this._disable(false);
    Object.keys(this.fields).forEach((name) => {
      const value = values[name] === undefined ? null : values[name];
      const news = this.base && !same(value, this.base[name]);
      if (!(name in changed)) {
        if (!this.base || news) this.fields[name].set(value);
      } else if (news) {
        const other = inWords(value);
        const text = other ? t('settings.meanwhile', { value: other }) : t('settings.meanwhile.other');
        const agrees = same(value, changed[name]);
        this._note(name, 'meanwhile', agrees ? '' : text);
        met = met || !agrees;
      }
    });
    const base = {};
    // As the fields would give it back, so that what only looks different is no change.
    Object.keys(this.fields).forEach((name) => {
      base[name] = name in changed ? (values[name] === undefined ? null : values[name]) : this.fields[name].get();
    });
    this.base = base;
    this._shown();
    if (met) this.say('settings.meanwhile.said');
  }

  typed() {
    const status = this.isDirty() ? 'settings.unsaved' : '';
    if (this._status !== status) this.say(status);
    this._shown();
  }

  discard() {
    this._clear();
    Object.keys(this.fields).forEach((name) => this.fields[name].set(this.base[name]));
    this.say('');
    if (this.how.discarded) this.how.discarded();
    this._shown();
    this.el.querySelector('.button--main').focus();
  }

  live(online) {
    this._online = online;
    this._enable();
  }

  /** Says how it went, for eyes and ears; '' for nothing. */
  say(key) {
    this._status = key;
    const status = this.el.querySelector('.status');
    status.textContent = key ? t(key) : '';
    status.classList.toggle('is-saved', key === 'settings.saved');
  }

  _shown() {
    if (this._undo) this._undo.hidden = !this.isDirty();
    if (this.how.typed) this.how.typed(this.values());
    this._describe();
    this._enable();
  }

  /** Disables the form for good. */
  shut() {
    this._shut = true;
    this._disable(true);
  }

  _enable() {
    this.el.querySelector('.button--main').disabled = this._shut || !this._online || !this.base;
  }

  async _submit(e) {
    e.preventDefault();
    if (this.busy || !this.base) return;
    this._clear();
    const values = this.values();
    const wrong = Object.assign(this._empty(), this.how.check ? this.how.check(values) : {});
    if (Object.keys(wrong).length) {
      this.wrong(wrong);
      return;
    }
    const changed = this.changed();
    if (!Object.keys(changed).length && !this.how.always) {
      this.say('settings.same');
      return;
    }
    this.busy = true;
    this.say('settings.saving');
    try {
      const now = await this.how.save(changed, values) || {};
      Object.keys(changed).forEach((name) => {
        const value = name in now ? now[name] : changed[name];
        if (same(this.fields[name].get(), changed[name])) this.fields[name].set(value);
        this.base[name] = value;
      });
      this.say('settings.saved');
      this._shown();
      if (this.how.saved) this.how.saved(values);
    } catch (refusal) {
      this.refused(refusal);
    }
    this.busy = false;
  }

  /** Says why the server said no, at the field that it names. */
  refused(refusal) {
    const named = refusal.code === 'invalid' && /^([\w.[\]]+): /.exec(refusal.detail);
    if (named && this._place(named[1])) {
      this.wrong({ [named[1]]: t('error.invalid') });
      return;
    }
    this.say('');
    this.failed(refusal.text || explain(refusal));
  }

  /** Says what went wrong as a whole. */
  failed(text) {
    const failed = this.el.querySelector('.failed');
    failed.textContent = text;
    failed.hidden = !text;
  }

  /** The texts for missing values and wrong numbers, in the reader's language. */
  _empty() {
    const wrong = {};
    for (const control of Array.from(this.el.elements)) {
      const { validity } = control;
      if (!control.name || !control.willValidate || !validity) continue;
      if (validity.badInput || validity.rangeUnderflow || validity.rangeOverflow || validity.stepMismatch) {
        wrong[control.name] = t('settings.must.number', { first: control.min, last: control.max });
      } else if (control.required && !control.value.trim()) {
        wrong[control.name] = t('settings.must.fill');
      }
    }
    return wrong;
  }

  /** The control or group that `name` means: `priorities[1].weight`, or what it belongs to. */
  _place(name) {
    for (let part = name; part; part = part.replace(/(^|[.[])[^.[]*$/, '')) {
      const found = this.el.querySelector('[name="' + part + '"], [data-field="' + part + '"]');
      if (found) return found;
    }
    return null;
  }

  /** Shows the error of each field, and focuses the first. */
  wrong(texts) {
    this.say('settings.wrong');
    Object.keys(texts).forEach((name) => this._note(name, 'wrong', texts[name]));
    const first = this.el.querySelector('[aria-invalid="true"]');
    if (!first) return;
    const folded = first.closest('details');
    if (folded) folded.open = true;
    first.focus();
  }

  _note(name, kind, text) {
    const place = this._place(name);
    const field = place && place.closest('.field');
    if (!field) return;
    let note = field.querySelector('.' + kind);
    if (!note && text) {
      note = make('p', { className: kind, id: field.getAttribute('data-about') + '-' + kind });
      field.appendChild(note);
    }
    if (note) {
      note.textContent = text;
      note.hidden = !text;
    }
    if (kind !== 'wrong') return;
    const control = place.matches(CONTROL) ? place : place.querySelector(CONTROL);
    if (!control) return;
    if (text) control.setAttribute('aria-invalid', 'true'); else control.removeAttribute('aria-invalid');
  }

  /** Removes the fault of a field. */
  clear(name) {
    this._note(name, 'wrong', '');
  }

  _clear() {
    for (const note of Array.from(this.el.querySelectorAll('.wrong, .meanwhile'))) note.hidden = true;
    for (const at of Array.from(this.el.querySelectorAll('[aria-invalid]'))) at.removeAttribute('aria-invalid');
    this.failed('');
  }
}
