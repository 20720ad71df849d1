// The queue of calls to announce: decides their order and duration, and shortens them if many wait. It draws and plays
// nothing itself.

const HOLD_MS = 10000;
// If the last waiting call would be announced later than this, each is said only once; if that is still too slow, in
// one language only.
const LATE_MS = 60000;
// The display time of a call then.
const HOLD_BRIEF_MS = 5000;
// An older call was already answered, or the visitor has left.
const FRESH_MS = 2 * 60 * 1000;

export class Announcements {
  /**
   * @param output `show(call)`: a call's turn begins, or null: nothing is being announced any more;
   *   `steps`: what sounds, in order, functions of the call, and of whether it must be short, that may return a
   *   promise; `again`: what sounds after them, unless too many wait;
   *   `hush()`: what sounds now must end, its call has been undone;
   *   `age(call)`: how many milliseconds ago it was made; `now()`: milliseconds of a clock that is never set;
   *   `setTimeout` for tests.
   */
  constructor(output) {
    this.current = null;
    this._output = output;
    this._wait = output.setTimeout || ((f, ms) => setTimeout(f, ms));
    this._queue = [];
    // How briefly: in full, once, or once in one language.
    this._pace = 0;
    // How long a call takes at each pace: longer than it is shown if several languages are spoken.
    this._durations = [HOLD_MS, HOLD_BRIEF_MS];
    this._lastSeq = null;
  }

  /** Takes the calls of a first state: calls from before this screen are not announced. */
  known(calls) {
    const newest = calls.reduce((most, c) => Math.max(most, c.seq), 0);
    if (this._lastSeq === null || newest < this._lastSeq) this._lastSeq = newest;
    this._withdraw(calls, () => calls.length > 0);
    // The server no longer had the events we missed; its last calls tell most of it.
    calls.slice().sort((a, b) => a.seq - b.seq).forEach((c) => this.add(c));
  }

  /** One call or recall. Old ones are passed over; each is announced once. */
  add(call) {
    if (this._lastSeq !== null && call.seq <= this._lastSeq) return;
    this._lastSeq = call.seq;
    if (this._output.age(call) > FRESH_MS) return;
    this._queue.push({ call, heardAt: this._output.now() });
    this._choosePace();
    if (!this.current) this._next();
  }

  _choosePace() {
    while (this._pace < 2 && this._queue.length * this._durations[this._pace] > LATE_MS) this._pace += 1;
  }

  /** A desk took its last step back: what it had called with it is not announced any more. */
  undone({ desk, tickets, calls }) {
    this._withdraw(calls, (mine) => mine.desk === desk.name && tickets.some((x) => x.code === mine.code));
  }

  /** A day has begun, with these calls, usually none: what the old day still had to say is over. */
  begun(calls) {
    this._withdraw(calls, () => true);
  }

  // `calls` are the newest there are: one of ours as new as they, and not among them, was undone.
  _withdraw(calls, concerns) {
    const oldest = calls.reduce((least, c) => Math.min(least, c.seq), Infinity);
    const isGone = (mine) => concerns(mine) && !(mine.seq < oldest && calls.length)
      && !calls.some((c) => c.seq === mine.seq);
    this._queue = this._queue.filter(({ call }) => !isGone(call));
    if (!this.current || !isGone(this.current)) return;
    if (this._output.hush) this._output.hush();
    this._next();
  }

  _next() {
    // A call that waited too long is skipped like a missed one; while a computer sleeps, its clock may stand still.
    this._queue = this._queue.filter(({ call, heardAt }) => this._output.now() - heardAt <= FRESH_MS && this._output.age(call) <= 2 * FRESH_MS);
    const { call } = this._queue.shift() || { call: null };
    if (!this._queue.length) this._pace = 0;
    this._choosePace();
    this.current = call;
    this._output.show(call);
    if (!call) return;
    const began = this._output.now();
    const pace = this._pace;
    const shown = new Promise((resolve) => this._wait(resolve, pace ? HOLD_BRIEF_MS : HOLD_MS));
    // The next one begins when both are over: the time it is shown, and its sound.
    Promise.all([shown, this._sound(call)]).then(() => {
      if (this.current !== call) return;
      // One that was stuck must not make all others brief for ever.
      if (pace < 2 && this._pace === pace) this._durations[pace] = Math.min(LATE_MS / 2, this._output.now() - began);
      this._next();
    });
  }

  async _sound(call) {
    const { steps, again = [] } = this._output;
    const all = steps.concat(again);
    for (let i = 0; i < all.length; i++) {
      if (this.current !== call || (this._pace && i >= steps.length)) return;
      try {
        await all[i](call, this._pace > 1);
      } catch (e) {
        // A sound that fails must never stop the screen.
      }
    }
  }
}
