// Chimes made with Web Audio, without sound files.

let context = null;

function audio() {
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
  return new Promise((done) => setTimeout(done, (notes.length * 0.6 + 0.4) * seconds * 1000));
}

/**
 * Plays what nobody hears, for as long as the page lives. A television on HDMI turns its amplifier off in digital silence, and
 * swallows the first second of what comes next.
 */
export function keepOutputOpen() {
  if (!audio()) return;
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = 20;
  volume.gain.value = 0.0005;
  tone.connect(volume);
  volume.connect(context.destination);
  tone.start();
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
