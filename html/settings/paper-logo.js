// The logo as network printers get it: black and white dots.

// As the server has it (src/presentation/tickets/printing.rs), with room at the sides of narrow paper.
const WIDEST = 320;
const HIGHEST = 120;
// Darker dots than this are black.
const THRESHOLD = 160;

/** The dots of a picture that is loaded, as the setting `paperLogo`. */
export function paperLogo(img) {
  const [across, down] = [img.naturalWidth || 1, img.naturalHeight || 1];
  const scale = Math.min(WIDEST / across, HIGHEST / down);
  const width = Math.ceil(Math.max(1, across * scale) / 8) * 8;
  const height = Math.max(1, Math.round(down * scale));
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, width, height);
  pen.drawImage(img, 0, 0, width, height);
  const { data } = pen.getImageData(0, 0, width, height);
  const bytes = new Uint8Array(width * height / 8);
  for (let n = 0; n < width * height; n += 1) {
    const light = 0.2126 * data[4 * n] + 0.7152 * data[4 * n + 1] + 0.0722 * data[4 * n + 2];
    if (light < THRESHOLD) bytes[n >> 3] |= 0x80 >> (n & 7);
  }
  return { width, dots: btoa(String.fromCharCode.apply(null, bytes)) };
}
