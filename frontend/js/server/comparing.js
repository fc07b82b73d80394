/** The call that compares ways to remove something. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { json, withBody } from "./request.js";

/**
 * What one way made of it: image is a PNG in base64.
 *
 * @typedef {{way: string, ms: number, image: string}} Removal
 */

/**
 * Begin to remove in every way what an edit removes.
 *
 * @param {Picture} picture
 * @param {number} edit  its place
 * @returns {Promise<import("./jobs.js").Job>}
 */
export async function compareRemoval(picture, edit) {
  return json("compare", withBody("POST", { picture, edit }));
}

/** What came of it. @param {string} id  of the job @returns {Promise<Removal[]>} */
export async function removalsOf(id) {
  return (await json(`jobs/${encodeURIComponent(id)}/result`)).removals;
}
