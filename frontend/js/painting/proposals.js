/** Regions of a picture that look like one thing, which the server finds without a segmenter, and the choice among them. */

import { remember } from "../lib/cache.js";
import { greyPixels } from "../lib/grey.js";
import { proposals } from "../server/finding.js";

/** @typedef {import("../picture/document.js").Picture} Picture */

const CACHED = 6; // pictures
const TRUST = 0.5; // in the expected size; the server's

/**
 * A tree of regions: leaves first, each before the larger one that it is a part of.
 *
 * @typedef {object} Proposals
 * @property {Uint8Array} labels  the leaf of each pixel, row by row
 * @property {number} width
 * @property {number} height
 * @property {number[]} parents  -1 for the whole picture
 * @property {number[]} prominence
 * @property {number[]} sizes  in pixels
 */

/** @returns {(picture: Picture) => Promise<Proposals>} remembers the last pictures; throws what the api throws */
export function createProposer() {
  /** @param {Picture} picture @returns {Promise<Proposals>} */
  async function ask(picture) {
    const { labels: png, parents, prominence } = await proposals(picture);
    const { values: labels, width, height } = await greyPixels(png);
    const sizes = parents.map(() => 0);
    for (const leaf of labels) sizes[leaf] += 1;
    parents.forEach((parent, region) => parent < 0 || (sizes[parent] += sizes[region]));
    return { labels, width, height, parents, prominence, sizes };
  }

  return remember(CACHED, ask);
}

/**
 * The region at a point that stands out most for its size, which is best near that of a disc; where none stands out, the
 * whole picture.
 *
 * @param {Proposals} tree
 * @param {number} x
 * @param {number} y
 * @param {number} radius  of the disc, in widths
 * @returns {Uint8Array} 1 inside, 0 outside
 */
export function thingAt({ labels, width, height, parents, prominence, sizes }, x, y, radius) {
  const column = Math.max(0, Math.min(width - 1, Math.floor(x * width)));
  const row = Math.max(0, Math.min(height - 1, Math.floor(y * height)));
  const disc = Math.PI * (radius * width) ** 2; // pixels
  let thing = -1;
  let best = -1;
  for (let region = labels[row * width + column]; region >= 0; region = parents[region]) {
    const fitness = prominence[region] * Math.exp(-TRUST * Math.abs(Math.log(sizes[region] / disc)));
    if (fitness >= best) [thing, best] = [region, fitness];
  }
  const parts = new Uint8Array(parents.length);
  parts[thing] = 1;
  for (let region = thing - 1; region >= 0; region -= 1) parts[region] = parts[parents[region]] ?? 0;
  return labels.map((leaf) => parts[leaf]);
}
