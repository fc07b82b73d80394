/** What other files begin with. */

/** @type {[string, string][]} */
const STARTS = [
  ["\xff\xd8\xff", "JPEG"],
  ["GIF8", "GIF"],
  ["RIFF", "WebP"],
  ["BM", "BMP"],
  ["II*\0", "TIFF"],
  ["MM\0*", "TIFF"],
  ["%PDF", "PDF"],
  ["8BPS", "Photoshop"],
  ["gimp xcf", "GIMP"],
  ["PK\x03\x04", "ZIP"],
  ["<", "SVG / HTML / XML"],
];

/**
 * @param {Uint8Array} start  the file's first bytes
 * @returns {string | undefined} the kind of a file that is known, and neither a PNG nor text
 */
export function kindOf(start) {
  const text = String.fromCharCode(...start);
  if (text.slice(4, 8) === "ftyp") return "AVIF / HEIC";
  return STARTS.find(([beginning]) => text.startsWith(beginning))?.[1];
}
