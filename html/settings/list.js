// Items, each edited in one form: services, desks and people.

import { $, make, reconcile } from '../shared/dom.js';
import { explain, t } from '../shared/i18n.js';
import { Form } from './form.js';


export class List {
  /**
   * @param how `key(item)`; `show(row, item)` fills a row; `title(item)` says which one is open, null
   *   for a new one; `fresh` are a new one's values; `open(item)` prepares the form; `save(changed,
   *   values, item)` and `remove(item)` ask the server; `why(refusal, item)` says why it refused; the
   *   rest is the form's.
   */
  constructor(how) {
    this.how = how;
    this.items = [];
    this.opened = null;
    this._loaded = false;
    this.form = new Form($('form'), Object.assign({}, how, {
      always: true,
      save: (changed, values) => how.save(changed, values, this.opened),
      saved: (values) => this.close(t('settings.saved'), this.opened ? how.key(this.opened) : how.key(values)),
    }));
    $('add').addEventListener('click', () => this.open(null));
    $('back').addEventListener('click', () => this.close('', this.opened && how.key(this.opened)));
    $('remove').addEventListener('click', () => this._ask(true));
    $('keep').addEventListener('click', () => this._ask(false));
    $('really').addEventListener('click', () => this._remove());
    $('form').addEventListener('keydown', (e) => {
      if (e.key === 'Escape' && !this.form.isDirty()) $('back').click();
    });
  }

  /** Takes the server's list. */
  take(items) {
    this.items = items;
    this._loaded = true;
    this.render();
    if (!this.opened || $('form').hidden) return;
    const found = items.filter((item) => this.how.key(item) === this.how.key(this.opened))[0];
    if (found) {
      this.opened = found;
      this.form.take(found);
    } else {
      this.close(t('settings.gone', { name: this.how.title(this.opened) }));
    }
  }

  render() {
    const { key, show, title } = this.how;
    $('empty').hidden = !this._loaded || this.items.length > 0;
    reconcile($('rows'), this.items, {
      key,
      create: (item) => this._row(key(item)),
      update(row, item) {
        row.querySelector('.change').textContent = t('settings.change');
        row.querySelector('.change').setAttribute('aria-label', t('settings.change.this', { name: title(item) }));
        show(row, item);
      },
    });
    if (!$('form').hidden) $('which').textContent = title(this.opened);
  }

  _row(key) {
    const change = make('button', { type: 'button', className: 'button small change' });
    change.addEventListener('click', () => this.open(this.items.filter((item) => this.how.key(item) === key)[0]));
    return make('li', {}, [make('b', { className: 'code', dir: 'auto' }), make('div', { className: 'about' }, [
      make('span', { className: 'name', dir: 'auto' }), make('span', { className: 'facts' }), make('span', { className: 'warning' })]), change]);
  }

  /** Opens one, or a new one. */
  open(item) {
    this.opened = item;
    $('list').hidden = true;
    $('form').hidden = false;
    $('remove').hidden = !item;
    this._ask(false);
    this.how.open(item);
    this.form.open(item || this.how.fresh);
    this.form.say('');
    this.render();
    $('which').focus();
    window.scrollTo(0, 0);
  }

  /** Back to the list; `text` says why, and the row of `key` has the focus. */
  close(text, key) {
    this.opened = null;
    this.form.open(this.how.fresh);
    $('form').hidden = true;
    $('list').hidden = false;
    $('said').textContent = text;
    this.render();
    const row = $('rows').children[this.items.findIndex((item) => this.how.key(item) === key)];
    (row ? row.querySelector('.change') : $('add')).focus();
  }

  _ask(really) {
    const had = $('sure').contains(document.activeElement);
    $('sure').hidden = !really;
    if (!this.opened) return;
    $('sure-text').textContent = t('settings.sure', { name: this.how.title(this.opened) });
    $('remove').hidden = really;
    if (really) $('keep').focus();
    else if (had) $('remove').focus();
  }

  async _remove() {
    const item = this.opened;
    this.form.failed('');
    try {
      await this.how.remove(item);
    } catch (refusal) {
      // Someone else was quicker.
      if (refusal.code !== 'not-found' && refusal.code !== 'unknown-service') {
        this._ask(false);
        this.form.failed((this.how.why && this.how.why(refusal, item)) || explain(refusal));
        return;
      }
    }
    const key = this.how.key(item);
    this.items = this.items.filter((one) => this.how.key(one) !== key);
    this.close(t('settings.removed', { name: this.how.title(item) }));
  }
}
