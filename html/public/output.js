// Plays a tone that nobody hears, so that a television keeps its sound on.

import { audio } from '../shared/sound.js';

/**
 * Plays an inaudible sound, for as long as the page lives. A television on HDMI turns its amplifier off in digital silence, and
 * swallows the first second of what comes next.
 */
export function keepOutputOpen() {
  const context = audio();
  if (!context) return;
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = 20;
  volume.gain.value = 0.0005;
  tone.connect(volume);
  volume.connect(context.destination);
  tone.start();
}
