/** The call that shows a picture in another season. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { call, withBody } from "./request.js";

/**
 * What a picture is translated to: one of the model's `translations`, in the style of that number.
 *
 * @typedef {{to: string, style: number}} Season
 */

/**
 * @param {Picture} picture
 * @param {Season} season
 * @param {"png" | "jpeg"} format  a PNG has the document in it
 * @param {number} [size]  pixels of the longer side; the model's own without it
 * @param {AbortSignal} [signal]
 * @returns {Promise<Blob>}
 */
export async function inSeason(picture, season, format, size, signal) {
  const query = size === undefined ? "" : `&size=${size}`;
  return call(`translate?format=${format}${query}`, (answer) => answer.blob(), withBody("POST", { picture, ...season }, signal));
}
