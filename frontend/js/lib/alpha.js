/**
 * Writing a mask as a PNG without a canvas: what one reads from a canvas some browsers falsify. (W3C, PNG specification,
 * third edition, section 5 and annex D.)
 */

import { compress } from "./bytes.js";

const GREY_WITH_ALPHA = 4;

/**
 * @param {Uint8Array} inside  1 or 0 for each pixel, row by row
 * @param {number} width
 * @param {number} height
 * @returns {Promise<string>} a PNG in base64, white, whose alpha is the mask
 */
export async function alphaPng(inside, width, height) {
  const rows = new Uint8Array(height * (1 + 2 * width)); // each begins with its filter, none
  for (let i = 0; i < inside.length; i += 1) {
    const at = Math.floor(i / width) * (1 + 2 * width) + 1 + 2 * (i % width);
    rows[at] = 255;
    rows[at + 1] = 255 * inside[i];
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, GREY_WITH_ALPHA], 8);
  const signature = "\x89PNG\r\n\x1a\n";
  const chunks = [chunk("IHDR", header), chunk("IDAT", await compress(rows, "deflate")), chunk("IEND", new Uint8Array())];
  return btoa(signature + chunks.join(""));
}

/**
 * Its length, type, data and checksum, a character for each byte.
 *
 * @param {string} type
 * @param {Uint8Array} data
 */
function chunk(type, data) {
  let text = type;
  for (const byte of data) text += String.fromCharCode(byte);
  return word(data.length) + text + word(checksum(text));
}

/** @param {number} value */
function word(value) {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** The CRC-32 of a text of bytes. @param {string} text */
function checksum(text) {
  let crc = ~0;
  for (let i = 0; i < text.length; i += 1) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc;
}
