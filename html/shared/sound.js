// Chimes made with Web Audio, without sound files.

let context = null;

/** The page's audio context; null if the browser has none. */
export function audio() {
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!context && Context) context = new Context();
  return context;
}

function note(at, frequency, seconds, loud) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(loud, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + seconds);
  tone.connect(volume);
  volume.connect(context.destination);
  tone.start(at);
  tone.stop(at + seconds);
}

/** Plays `notes` ([hertz, …]) and resolves when they are over; at once where sound is blocked. */
function play(notes, seconds, loud) {
  if (!audio() || context.state !== 'running') return Promise.resolve();
  notes.forEach((hertz, i) => note(context.currentTime + i * seconds * 0.6, hertz, seconds, loud));
  return new Promise((resolve) => setTimeout(resolve, (notes.length * 0.6 + 0.4) * seconds * 1000));
}

/** Two falling tones, for the public screen; `volume` is in percent. */
export function chime(volume = 100) {
  // Exponential ramps know no zero.
  return play([784, 587], 0.9, Math.max(0.0001, 0.5 * volume / 100));
}

/** One quiet tone, for a desk. */
export function softTone() {
  return play([660], 0.5, 0.12);
}

/** Tells `blocked(true|false)` now and whenever it changes; the first touch or key unblocks. */
export function watchSound(blocked) {
  if (!audio()) return;
  const tell = () => blocked(context.state !== 'running');
  const unblock = () => { if (context.state !== 'running') context.resume().then(tell, () => {}); };
  ['pointerdown', 'touchend', 'mousedown', 'keydown'].forEach((name) => document.addEventListener(name, unblock));
  context.onstatechange = tell;
  tell();
}
