/** What other files begin with. */

/** @type {[RegExp, string][]} */
const STARTS = [
  [/^\xff\xd8\xff/, "JPEG"],
  [/^GIF8/, "GIF"],
  [/^RIFF[^]{4}WEBP/, "WebP"],
  [/^[^]{4}ftyp(avi[fs]|hei[cfsx]|mif1|msf1)/, "AVIF / HEIC"],
  [/^(\xff\x0a|\0\0\0\x0cJXL )/, "JPEG XL"],
  [/^BM/, "BMP"],
  [/^\0\0\x01\0/, "ICO"],
  [/^(II\*\0|MM\0\*)/, "TIFF"],
  [/^%PDF/, "PDF"],
  [/^8BPS/, "Photoshop"],
  [/^gimp xcf/, "GIMP"],
  [/^PK\x03\x04/, "ZIP"],
  [/^\x1f\x8b/, "gzip"],
  [/^(\xef\xbb\xbf)?\s*</, "SVG / HTML / XML"],
];

/** Those that are images, which a browser may be able to read. */
export const IMAGES = ["JPEG", "GIF", "WebP", "AVIF / HEIC", "JPEG XL", "BMP", "TIFF"];

/**
 * @param {Uint8Array} start  the file's first bytes
 * @returns {string | undefined} the kind of a file that is known, and neither a PNG nor text
 */
export function kindOf(start) {
  const text = String.fromCharCode(...start);
  return STARTS.find(([beginning]) => beginning.test(text))?.[1];
}
