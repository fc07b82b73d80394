/** The picture document inside a downloaded PNG: its text chunk named `unitbrush`. */

import { decompress } from "../lib/bytes.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const KEY = "unitbrush";

/**
 * @param {Uint8Array<ArrayBuffer>} file
 */
export function isPng(file) {
  return SIGNATURE.every((byte, i) => file[i] === byte);
}

/**
 * The document, whatever other texts and profiles stand in the file: they are passed over, never inflated.
 *
 * @param {Uint8Array<ArrayBuffer>} file
 * @returns {Promise<string | null>} null where the file holds no document; throws TooLarge, and what `decompress` throws
 */
export async function documentIn(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = SIGNATURE.length; at + 12 <= file.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const data = file.subarray(at + 8, at + 8 + length);
    if (type === "tEXt" || type === "iTXt" || type === "zTXt") {
      const end = data.subarray(0, KEY.length + 1).indexOf(0);
      if (new TextDecoder("latin1").decode(data.subarray(0, end)) === KEY) return text(type, data.subarray(end + 1));
    }
    if (type === "IEND") break;
    at += 12 + length;
  }
  return null;
}

/**
 * What follows a text chunk's keyword, as the PNG specification lays it out.
 *
 * @param {string} type
 * @param {Uint8Array<ArrayBuffer>} data
 */
async function text(type, data) {
  if (type === "tEXt") return new TextDecoder("latin1").decode(data);
  if (type === "zTXt") return new TextDecoder("latin1").decode(await decompress(data.slice(1), "deflate"));
  const packed = data[0] === 1;
  const language = data.indexOf(0, 2);
  const translated = data.indexOf(0, language + 1);
  const body = data.slice(translated + 1);
  return new TextDecoder().decode(packed ? await decompress(body, "deflate") : body);
}
