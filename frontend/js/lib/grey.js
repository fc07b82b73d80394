/**
 * Reading the server's grey PNGs without a canvas: what one reads from a canvas some browsers falsify, so that nobody
 * is recognised by it. (W3C, PNG specification, third edition, sections 5 and 9.)
 */

import { decompress, fromBase64 } from "./bytes.js";

/**
 * The grey values of an 8-bit PNG that is not interlaced, 0..255, row by row.
 *
 * @param {string} png  base64
 * @returns {Promise<{values: Uint8Array, width: number, height: number}>} throws TypeError for any other PNG
 */
export async function greyPixels(png) {
  const file = fromBase64(png);
  const view = new DataView(file.buffer);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colour, , , interlaced] = file.subarray(24, 29);
  if (depth !== 8 || colour !== 0 || interlaced) throw new TypeError("not a plain grey PNG");
  const rows = await decompress(packedPixels(file, view), "deflate");
  if (rows.length !== height * (width + 1)) throw new TypeError("a PNG of another size");

  const values = new Uint8Array(width * height);
  for (let row = 0; row < height; row += 1) {
    const filter = rows[row * (width + 1)];
    for (let column = 0; column < width; column += 1) {
      const at = row * width + column;
      const left = column ? values[at - 1] : 0;
      const up = row ? values[at - width] : 0;
      const corner = column && row ? values[at - width - 1] : 0;
      values[at] = rows[row * (width + 1) + 1 + column] + predicted(filter, left, up, corner);
    }
  }
  return { values, width, height };
}

/**
 * The content of the IDAT chunks.
 *
 * @param {Uint8Array<ArrayBuffer>} file
 * @param {DataView} view
 */
function packedPixels(file, view) {
  const packed = new Uint8Array(file.length);
  let length = 0;
  for (let at = 8; at + 12 <= file.length; at += 12 + view.getUint32(at)) {
    if (String.fromCharCode(...file.subarray(at + 4, at + 8)) !== "IDAT") continue;
    const part = file.subarray(at + 8, at + 8 + view.getUint32(at));
    packed.set(part, length);
    length += part.length;
  }
  return packed.slice(0, length);
}

/**
 * What a row's filter says that a pixel is like.
 *
 * @param {number} filter
 * @param {number} left
 * @param {number} up
 * @param {number} corner
 */
function predicted(filter, left, up, corner) {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const [toLeft, toUp, toCorner] = [up - corner, left - corner, left + up - 2 * corner].map(Math.abs);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
