// The offer to take back this screen's last step, for as long as the server can.

const $ = (id) => document.getElementById(id);
// The server's 15 s, less the way there and back.
const OFFERED_MS = 14500;

/** `render()` is asked for when the offer ends. */
export class Undo {
  constructor(render) {
    this.what = '';
    this._until = 0;
    this._timer = 0;
    this._render = render;
  }

  /** A step was taken; `what` says it. */
  offer(what) {
    clearTimeout(this._timer);
    this.what = what;
    this._until = performance.now() + OFFERED_MS;
    this._timer = setTimeout(this._render, OFFERED_MS + 20);
    // The bar begins anew.
    $('undo').classList.remove('is-running');
  }

  /** It is taken back, or the desk has gone on. */
  forget() {
    this._until = 0;
  }

  isOffered() {
    return performance.now() < this._until;
  }

  render() {
    const offered = this.isOffered();
    $('undo').hidden = !offered;
    if (!offered) return;
    $('undo-what').textContent = ' (' + this.what + ') ';
    // What is read off here makes the browser begin at the full width.
    if (!$('undo').classList.contains('is-running') && $('undo').offsetWidth) $('undo').classList.add('is-running');
  }
}
