/** A link that holds the whole picture in its fragment, which no server ever sees. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { compress, decodeText, decompress, fromBase64Url, toBase64Url, TooLarge } from "../lib/bytes.js";
import { NotAPicture, readPicture } from "../picture/reading.js";

const PACKED = "#p=";
const PLAIN = "#j=";

/**
 * @param {Picture} picture
 * @returns {Promise<string>} the page's address with the picture in it
 */
export async function linkTo(picture) {
  const page = location.href.split("#")[0].split("?")[0];
  const bytes = new TextEncoder().encode(JSON.stringify(picture));
  if (typeof CompressionStream === "undefined") return page + PLAIN + toBase64Url(bytes);
  return page + PACKED + toBase64Url(await compress(bytes, "deflate-raw"));
}

/**
 * The picture in a link's fragment, null where it has none. Throws NotAPicture for one that is damaged,
 * TooLarge for one that would be.
 *
 * @param {string} fragment
 * @returns {Promise<Picture | null>}
 */
export async function pictureIn(fragment) {
  const packed = fragment.startsWith(PACKED);
  if (!packed && !fragment.startsWith(PLAIN)) return null;
  try {
    const bytes = fromBase64Url(fragment.slice(3));
    return readPicture(JSON.parse(decodeText(packed ? await decompress(bytes, "deflate-raw") : bytes)));
  } catch (error) {
    throw error instanceof NotAPicture || error instanceof TooLarge ? error : new NotAPicture("a damaged link");
  }
}
