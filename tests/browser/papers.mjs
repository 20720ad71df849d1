// Draws papers of the ticket printer and of the browser side by side.

import { writeFileSync } from 'node:fs';

// As most printers have it: 203 dots per inch, characters of 12 × 24 dots.
const DOTS = { 58: 384, 80: 576 };

function layOut({ papers, dots }) {
  document.body.style.cssText = 'margin:20px;background:#777;font:20px/24px "DejaVu Sans Mono",monospace;display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start';
  for (const { parts, slip, width, title } of papers) {
    const box = document.createElement('div');
    box.style.cssText = 'display:flex;gap:8px;align-items:flex-start';
    const paper = document.createElement('div');
    paper.style.cssText = 'background:#fff;padding:12px 0;text-align:center;white-space:pre;width:' + dots[width] + 'px';
    const label = document.createElement('div');
    label.textContent = title;
    label.style.cssText = 'font:14px sans-serif;color:#06c';
    paper.append(label);
    for (const part of parts) {
      const line = document.createElement('div');
      if (part.picture) {
        const { width: across, height, bytes } = part.picture;
        const canvas = document.createElement('canvas');
        Object.assign(canvas, { width: across, height });
        const pen = canvas.getContext('2d');
        for (let y = 0; y < height; y += 1) {
          for (let x = 0; x < across; x += 1) {
            if (bytes[y * across / 8 + (x >> 3)] & (0x80 >> (x & 7))) pen.fillRect(x, y, 1, 1);
          }
        }
        line.append(canvas);
      } else if (part.qr) {
        line.textContent = '[QR]';
        line.style.cssText = 'margin:8px auto;width:222px;height:222px;line-height:222px;border:2px dashed';
      } else if (part.cut) {
        line.style.cssText = 'border-top:2px dashed #999;margin-top:40px';
      } else {
        line.textContent = part.text || ' ';
        line.style.cssText = 'font-size:' + 20 * part.size + 'px;line-height:' + 30 * part.size + 'px;font-weight:' + (part.bold ? 700 : 400);
      }
      paper.append(line);
    }
    const img = document.createElement('img');
    img.src = 'data:image/png;base64,' + slip;
    box.append(paper, img);
    document.body.append(box);
  }
}

/** Writes a picture of these papers to a file. */
export async function draw(browser, papers, file) {
  const page = await browser.newPage({ viewport: { width: 3600, height: 1000 } });
  const plain = papers.map(({ parts, slip, printer, lang }) => ({
    parts: parts.map((part) => (part.picture ? { picture: { ...part.picture, bytes: Array.from(part.picture.bytes) } } : part)),
    slip,
    width: printer.width,
    title: lang + ' · ' + printer.name,
  }));
  await page.evaluate(layOut, { papers: plain, dots: DOTS });
  writeFileSync(file, await page.screenshot({ fullPage: true }));
  await page.close();
}
