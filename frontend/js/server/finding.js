/** The call that finds things without a segmenter. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { json, withBody } from "./request.js";

/**
 * Nested regions by their looks. labels is a grey PNG in base64, each pixel's value the smallest region it belongs to;
 * every region stands before the larger one that is its parent.
 *
 * @param {Picture} picture
 * @returns {Promise<{labels: string, parents: number[], prominence: number[]}>}
 */
export async function proposals(picture) {
  return json("proposals", withBody("POST", picture));
}
