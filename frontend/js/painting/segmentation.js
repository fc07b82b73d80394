/** What the segmenter sees in a picture, and the regions of a concept in it. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { remember } from "../lib/cache.js";
import { greyPixels } from "../lib/grey.js";
import { segment } from "../server/api.js";

const CACHED = 6; // pictures

/**
 * @typedef {object} Segmentation
 * @property {string[]} concepts
 * @property {Uint8Array} labels  the index of each pixel's concept, row by row
 * @property {number} width
 * @property {number} height
 *
 * @typedef {(picture: Picture) => Promise<Segmentation>} Segmenter
 */

/** @returns {Segmenter} remembers the last pictures; throws what the api throws */
export function createSegmenter() {
  /** @param {Picture} picture @returns {Promise<Segmentation>} */
  async function ask(picture) {
    const { concepts, labels } = await segment(picture);
    const { values, width, height } = await greyPixels(labels);
    return { concepts, labels: values, width, height };
  }

  return remember(CACHED, ask);
}

/**
 * @param {Segmentation} segmentation
 * @param {number} x
 * @param {number} y
 */
export function conceptAt(segmentation, x, y) {
  return segmentation.concepts[segmentation.labels[indexAt(segmentation, x, y)]];
}

/**
 * What the server takes a mask to be: every region of the concept, or the one at a point or nearest to it.
 *
 * @param {Segmentation} segmentation
 * @param {{concept: string, at?: [number, number]}} mask
 * @returns {Uint8Array}  1 inside, 0 outside
 */
export function conceptRegion(segmentation, { concept, at }) {
  const { concepts, labels, width, height } = segmentation;
  const own = concepts.indexOf(concept);
  if (!at) return labels.map((label) => (label === own ? 1 : 0));
  let nearest = -1;
  let least = Infinity;
  labels.forEach((label, i) => {
    if (label !== own) return;
    const distance = ((i % width) + 0.5 - at[0] * width) ** 2 + (Math.floor(i / width) + 0.5 - at[1] * height) ** 2;
    if (distance < least) [least, nearest] = [distance, i];
  });
  return nearest < 0 ? new Uint8Array(labels.length) : connected(segmentation, nearest);
}

/**
 * The pixels of the region at a point: 1 inside, 0 outside.
 *
 * @param {Segmentation} segmentation
 * @param {number} x
 * @param {number} y
 * @param {boolean} every  every region of that concept, not only the one at the point
 * @returns {Uint8Array}
 */
export function regionAt(segmentation, x, y, every) {
  if (every) return conceptRegion(segmentation, { concept: conceptAt(segmentation, x, y) });
  return connected(segmentation, indexAt(segmentation, x, y));
}

/**
 * The pixels of one concept that hang together with a pixel, at their sides or corners.
 *
 * @param {Segmentation} segmentation
 * @param {number} start
 */
function connected({ labels, width, height }, start) {
  const own = labels[start];
  const inside = new Uint8Array(labels.length);
  inside[start] = 1;
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const column = at % width;
    const row = (at - column) / width;
    for (let r = Math.max(0, row - 1); r <= Math.min(height - 1, row + 1); r += 1) {
      for (let c = Math.max(0, column - 1); c <= Math.min(width - 1, column + 1); c += 1) {
        const next = r * width + c;
        if (inside[next] || labels[next] !== own) continue;
        inside[next] = 1;
        open.push(next);
      }
    }
  }
  return inside;
}

/** @param {Segmentation} segmentation @param {number} x @param {number} y */
function indexAt({ width, height }, x, y) {
  const column = Math.max(0, Math.min(width - 1, Math.floor(x * width)));
  return Math.max(0, Math.min(height - 1, Math.floor(y * height))) * width + column;
}
