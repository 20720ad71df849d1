// The connection to the server: a WebSocket, or long polling if sockets do not pass. It reconnects, notices silence and
// delivers each message once, in order. It keeps only the number of the last event.

const PROTOCOL = 'turnero.v1';
// The server ticks every 5 s at the latest, so two missed ticks mean that nobody is there.
const STALE_AFTER_MS = 10000;
const OPEN_WITHIN_MS = 8000;
const BACKOFF_FIRST_MS = 400;
const BACKOFF_MOST_MS = 5000;
// After so many sockets in a row that never spoke, something on the way may not let WebSockets pass.
const SOCKETS_BEFORE_POLLING = 3;
// Long polling has no ticks: an answer, even an empty one, must come before the state counts as stale.
const POLL_WAIT_SECONDS = 8;
const POLL_TIMEOUT_MS = 15000;
// Messages without a number of their own: they are not repeated after a disconnection.
const BESIDE = ['ticket-position', 'printer'];

export class Live {
  /**
   * @param listener `message(m)`: every state and event, once, in order;
   *   `status({online, stale})`: whenever one of the two changes.
   * @param parameters what else the socket's address says: `{ ticket: ID }`, `{ desk, screen }`.
   */
  constructor(listener, parameters) {
    this.online = false;
    this.stale = false;
    this._listener = listener;
    this._parameters = parameters || {};
    this._seq = null;
    this._heardAt = performance.now();
    // Unknown until the server sends its time.
    this._clockOffset = null;
    this._failures = 0;
    this._odd = 0;
    this._socket = null;
    this._polling = null;
    this._retry = 0;
    this._stopped = false;
    this._clock = 0;
  }

  start() {
    this._open();
    this._clock = setInterval(() => this._watch(), 500);
    const hurry = () => {
      if (!this.online && !document.hidden && this._retry) this._open();
    };
    window.addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
    // A page that the browser had put to sleep wakes up with a dead socket.
    window.addEventListener('pageshow', (e) => {
      if (e.persisted) this.resync();
    });
  }

  /** The server's time, in milliseconds: office PCs are often minutes wrong. */
  now() {
    return Date.now() + (this._clockOffset || 0);
  }

  /** How many milliseconds ago the server's time was `at`; 0 before the first message with the server's time: all are new then. */
  age(at) {
    return this._clockOffset === null ? 0 : this.now() - Date.parse(at);
  }

  /** Seconds since the last message. */
  silentSeconds() {
    return Math.floor((performance.now() - this._heardAt) / 1000);
  }

  /** Asks for the whole state again. */
  resync() {
    this._mayHaveMissed();
    this._seq = null;
    this._drop();
    this._open();
  }

  /** Closes the connection for good. */
  stop() {
    this._stopped = true;
    clearTimeout(this._retry);
    clearInterval(this._clock);
    this._drop();
  }

  _open() {
    clearTimeout(this._retry);
    this._retry = 0;
    this._drop();
    if (this._stopped) return;
    // Past the limit the two ways take turns, since a server that is away answers neither.
    const poll = this._failures >= SOCKETS_BEFORE_POLLING
      && (this._failures - SOCKETS_BEFORE_POLLING) % 2 === 0;
    if (poll) this._openPolling(); else this._openSocket();
  }

  _openSocket() {
    const url = new URL('ws', document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    Object.keys(this._parameters).forEach((key) => url.searchParams.set(key, this._parameters[key]));
    if (this._seq !== null) url.searchParams.set('since', this._seq);
    let socket;
    try {
      socket = new WebSocket(url.href, PROTOCOL);
    } catch (e) {
      this._failed();
      return;
    }
    this._socket = socket;
    let spoke = false;
    const lost = () => {
      if (this._socket !== socket) return;
      clearTimeout(giveUp);
      this._drop();
      this._failed();
    };
    const giveUp = setTimeout(() => { if (!spoke) lost(); }, OPEN_WITHIN_MS);
    socket.onopen = () => {
      // With `since` and nothing new the server has nothing to say before its next tick.
      if (this._socket === socket && this._seq !== null) {
        spoke = true;
        this._heard();
      }
    };
    socket.onmessage = (e) => {
      if (this._socket !== socket) return;
      spoke = true;
      this._take(JSON.parse(e.data));
      this._heard();
    };
    socket.onclose = lost;
    socket.onerror = lost;
  }

  async _openPolling() {
    const mine = {};
    this._polling = mine;
    try {
      while (this._polling === mine) {
        const { desk, screen } = this._parameters;
        const query = new URLSearchParams(desk ? { desk, screen } : {});
        if (this._seq !== null) query.set('since', this._seq);
        query.set('wait', POLL_WAIT_SECONDS);
        const answer = await Promise.race([
          fetch('api/events?' + query, { cache: 'no-store' }),
          new Promise((_, reject) => setTimeout(() => reject(new Error('timeout')), POLL_TIMEOUT_MS)),
        ]);
        if (!answer.ok) throw new Error('events ' + answer.status);
        const messages = await answer.json();
        if (this._polling !== mine) return;
        const date = Date.parse(answer.headers.get('Date') || '');
        if (date) this._clockOffset = date - Date.now();
        messages.forEach((m) => this._take(m));
        this._heard();
      }
    } catch (e) {
      if (this._polling !== mine) return;
      this._drop();
      this._failed();
    }
  }

  _take(m) {
    if (m.type === 'tick') {
      this._clockOffset = Date.parse(m.payload.now) - Date.now();
      // Once may be a tick that overtook an event; twice means that the server has other events than this page.
      this._odd = this._seq !== null && m.seq !== this._seq ? this._odd + 1 : 0;
      if (this._odd >= 2) {
        this._odd = 0;
        this.resync();
      }
      return;
    }
    if (m.seq === undefined || BESIDE.indexOf(m.type) >= 0) {
      this._listener.message(m);
      return;
    }
    if (m.type !== 'state') {
      if (this._seq === null || m.seq <= this._seq) return;
      if (m.seq !== this._seq + 1) {
        this.resync();
        return;
      }
    }
    this._seq = m.seq;
    this._listener.message(m);
  }

  _heard() {
    this._heardAt = performance.now();
    this._failures = 0;
    this._tell(true, false);
  }

  // From now on a message can be old. If the server sent no time, the browser's clock is the best there is.
  _mayHaveMissed() {
    if (this._clockOffset === null && this._seq !== null) this._clockOffset = 0;
  }

  _failed() {
    this._mayHaveMissed();
    this._failures += 1;
    this._tell(false, this.stale);
    const most = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * Math.pow(2, this._failures - 1));
    // Jitter: a thousand screens must not come back in the same instant.
    clearTimeout(this._retry);
    this._retry = setTimeout(() => this._open(), most * (0.4 + 0.6 * Math.random()));
  }

  _watch() {
    if (performance.now() - this._heardAt < STALE_AFTER_MS) return;
    const wasOnline = this.online;
    this._tell(false, true);
    // The socket still looks open and says nothing: it is dead.
    if (wasOnline) {
      this._drop();
      this._failed();
    }
  }

  _drop() {
    const socket = this._socket;
    this._socket = null;
    this._polling = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
    }
  }

  _tell(online, stale) {
    if (online === this.online && stale === this.stale) return;
    this.online = online;
    this.stale = stale;
    this._listener.status({ online, stale });
  }
}
