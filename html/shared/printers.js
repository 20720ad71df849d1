// The ticket printers of the office, as the server tells of them.

/** The printer that this page's address names, or ''. */
export const namedPrinter = new URLSearchParams(location.search).get('printer') || '';

export class Printers {
  constructor() {
    this._states = new Map();
  }

  /** Takes a message of the type `printer`. */
  hear({ name, state, problem }) {
    if (state === 'removed') this._states.delete(name);
    else this._states.set(name, { fails: state === 'failing', isPaperLow: problem === 'paper-low' });
  }

  /** The connection has ended: what is known may change unheard. */
  clear() {
    this._states.clear();
  }

  /** The names, the first of which is used where nobody says which. */
  names(which = () => true) {
    return Array.from(this._states.keys()).filter((name) => which(this._states.get(name)));
  }

  /** Whether there is a printer of this name. */
  has(name) {
    return this._states.has(name);
  }

  /** Whether it cannot print now; one that does not exist never can. */
  fails(name) {
    return !this.has(name) || this._states.get(name).fails;
  }
}
