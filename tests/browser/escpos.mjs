// Reads what a ticket printer was sent, as the printer would, by Epson's reference.

/** The code pages of makers' printers by number, as a `TextDecoder` names them. */
export const PAGES = {
  epson: { 16: 'windows-1252', 45: 'windows-1250', 46: 'windows-1251', 47: 'windows-1253', 48: 'windows-1254' },
  star: { 32: 'windows-1252', 33: 'windows-1250', 34: 'windows-1251', 18: 'iso-8859-7' },
};

/** The parts of a paper, from top to bottom: `{text, size, bold}`, `{qr}`, `{picture: {width, height, bytes}}` and `{cut}`. */
export function read(paper, pages = PAGES.epson) {
  const bytes = Buffer.from(paper, 'latin1');
  const parts = [];
  let line = '';
  let size = 1;
  let bold = false;
  let page = 'windows-1252';
  let qr = '';
  let i = 0;
  const at = (...codes) => codes.every((code, n) => bytes[i + n] === code);
  while (i < bytes.length) {
    if (at(0x1b, 0x40)) i += 2;
    else if (at(0x1c, 0x2e)) i += 2;
    else if (at(0x1b, 0x52) || at(0x1b, 0x61)) i += 3;
    else if (at(0x1b, 0x74)) {
      page = pages[bytes[i + 2]];
      if (!page) throw new Error('no code page ' + bytes[i + 2]);
      i += 3;
    } else if (at(0x1b, 0x45)) { bold = bytes[i + 2] === 1; i += 3; } else if (at(0x1d, 0x21)) { size = (bytes[i + 2] & 7) + 1; i += 3; } else if (at(0x1d, 0x28, 0x6b)) {
      const length = bytes.readUInt16LE(i + 3);
      const body = bytes.subarray(i + 5, i + 5 + length);
      if (body[1] === 80) qr = body.subarray(3).toString('latin1');
      if (body[1] === 81) parts.push({ qr });
      i += 5 + length;
    } else if (at(0x1d, 0x76, 0x30)) {
      const [across, height] = [bytes.readUInt16LE(i + 4), bytes.readUInt16LE(i + 6)];
      parts.push({ picture: { width: across * 8, height, bytes: bytes.subarray(i + 8, i + 8 + across * height) } });
      i += 8 + across * height;
    } else if (at(0x1d, 0x56)) { parts.push({ cut: true }); i += 4; } else if (at(0x0a)) {
      parts.push({ text: line, size, bold });
      line = '';
      i += 1;
    } else {
      if (bytes[i] < 0x20) throw new Error('a command that no printer knows, at ' + i + ': ' + bytes[i]);
      line += new TextDecoder(page).decode(bytes.subarray(i, i + 1));
      i += 1;
    }
  }
  return parts;
}

/** The lines of text on a paper. */
export const linesOf = (parts) => parts.map((part) => part.text).filter(Boolean);
