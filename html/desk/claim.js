// The claim of this screen to its desk. Another screen may hold the desk, and either may take it over.
// All pages of one browser are the same screen.

import { freshKey, post } from '../shared/api.js';
import { deskNamed } from '../shared/state.js';
import { local } from '../shared/storage.js';

const KEY = 'screen';

function ownScreen() {
  const known = local.get(KEY);
  if (/^[0-9a-f]{32}$/.test(known)) return known;
  const fresh = freshKey();
  local.set(KEY, fresh);
  return fresh;
}

/** This browser's name for itself. */
export const screen = ownScreen();

/**
 * The claim to a desk. Each new `standing` calls `changed()`: `asking`, `mine`, `refused` (it
 * was open elsewhere), `lost` (another screen took it over) or `absent` (there is no such desk).
 */
export class Claim {
  constructor(name, changed) {
    this.standing = 'asking';
    this._path = 'api/desks/' + encodeURIComponent(name) + '/claim';
    this._name = name;
    this._changed = changed;
    // The public name that the server gives this screen.
    this._mark = null;
    this._busy = false;
    // Holders reported since the last request began; the first is the one before it.
    this._holders = [null];
  }

  async ask(takeOver) {
    if (this._busy) return;
    this._busy = true;
    this._holders = this._holders.slice(-1);
    try {
      this._mark = (await post(this._path, takeOver ? { screen, takeOver } : { screen })).screen;
      const heard = this._holders;
      // If another screen was heard of after this one, it took the desk over before the answer was here.
      const taken = heard.indexOf(this._mark) >= 0 && heard[heard.length - 1] !== this._mark;
      this.standing = taken ? 'lost' : 'mine';
    } catch (refusal) {
      if (refusal.code === 'desk-in-use') this.standing = this._mark ? 'lost' : 'refused';
      else if (refusal.code === 'not-found') this.standing = 'absent';
      // Whatever else is wrong, each step says so by itself; without an answer it is asked again.
      else if (refusal.code !== 'no-connection' && this.standing === 'asking') this.standing = 'mine';
    }
    this._busy = false;
    this._changed();
  }

  /** The connection is back. */
  online() {
    if (this.standing === 'asking') this.ask();
  }

  /** Hears every message, after it was applied to `state`. */
  hear(state, m) {
    const desk = deskNamed(state, this._name);
    const holder = (desk && desk.screen) || null;
    this._holders.push(holder);
    if (this._busy) return;
    this._holders = [holder];
    // Opening this page makes no desk. One that was deleted and made again is nobody's.
    if (!desk) {
      this.standing = 'absent';
      this._mark = null;
      return;
    }
    if (this.standing === 'absent') {
      this.ask();
      return;
    }
    if (m.type === 'state') {
      if (holder !== this._mark) this.ask();
    } else if (m.payload.desk && m.payload.desk.name === this._name && holder !== this._mark) {
      if (!holder || this.standing !== 'mine') this.ask();
      else this.standing = 'lost';
    } else if (holder && holder === this._mark) {
      this.standing = 'mine';
    }
  }
}
