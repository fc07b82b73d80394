/** What the segmenter sees in a picture, and the connected region of a thing in it. */

/** @typedef {import("../picture/types.js").Picture} Picture */

import { segment } from "../server/api.js";
import { greyPixels } from "../view/maps.js";

const KEPT = 6;

/**
 * @typedef {object} Seen
 * @property {string[]} concepts
 * @property {Uint8Array} labels  the index of each pixel's concept, row by row
 * @property {number} width
 * @property {number} height
 */

/**
 * @returns {(picture: Picture) => Promise<Seen>} keeps the answers for the last pictures; throws what the api throws
 */
export function createSegmentation() {
  /** @type {Map<string, Promise<Seen>>} */
  const kept = new Map();

  /** @param {Picture} picture @returns {Promise<Seen>} */
  async function ask(picture) {
    const { concepts, labels } = await segment(picture);
    const { values, width, height } = await greyPixels(labels);
    return { concepts, labels: values, width, height };
  }

  return (picture) => {
    const key = JSON.stringify(picture);
    let answer = kept.get(key);
    if (!answer) {
      answer = ask(picture);
      kept.set(key, answer);
      answer.catch(() => kept.delete(key));
      if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
    }
    return answer;
  };
}

/**
 * @param {Seen} seen
 * @param {number} x
 * @param {number} y
 */
export function conceptAt(seen, x, y) {
  return seen.concepts[seen.labels[indexAt(seen, x, y)]];
}

/**
 * What the server takes a mask to be: every region of the concept, or the one at a point or nearest to it.
 *
 * @param {Seen} seen
 * @param {{concept: string, at?: [number, number]}} mask
 * @returns {Uint8Array}  1 inside, 0 outside
 */
export function conceptRegion(seen, { concept, at }) {
  const { labels, width, height } = seen;
  const wanted = seen.concepts.indexOf(concept);
  if (!at) return labels.map((label) => (label === wanted ? 1 : 0));
  let nearest = -1;
  let least = Infinity;
  labels.forEach((label, i) => {
    if (label !== wanted) return;
    const distance = ((i % width) + 0.5 - at[0] * width) ** 2 + (Math.floor(i / width) + 0.5 - at[1] * height) ** 2;
    if (distance < least) [least, nearest] = [distance, i];
  });
  return nearest < 0 ? new Uint8Array(labels.length) : grown(seen, nearest);
}

/**
 * The pixels of the thing at a point: 1 inside, 0 outside.
 *
 * @param {Seen} seen
 * @param {number} x
 * @param {number} y
 * @param {boolean} every  every region of that concept, not only the one at the point
 * @returns {Uint8Array}
 */
export function regionAt(seen, x, y, every) {
  const start = indexAt(seen, x, y);
  return every ? conceptRegion(seen, { concept: seen.concepts[seen.labels[start]] }) : grown(seen, start);
}

/**
 * The connected pixels of one kind round a pixel, which touch at their sides and corners.
 *
 * @param {Seen} seen
 * @param {number} start
 */
function grown({ labels, width, height }, start) {
  const wanted = labels[start];
  const inside = new Uint8Array(labels.length);
  inside[start] = 1;
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const column = at % width;
    const row = (at - column) / width;
    for (let r = Math.max(0, row - 1); r <= Math.min(height - 1, row + 1); r += 1) {
      for (let c = Math.max(0, column - 1); c <= Math.min(width - 1, column + 1); c += 1) {
        const next = r * width + c;
        if (inside[next] || labels[next] !== wanted) continue;
        inside[next] = 1;
        open.push(next);
      }
    }
  }
  return inside;
}

/** @param {Seen} seen @param {number} x @param {number} y */
function indexAt({ width, height }, x, y) {
  const column = Math.max(0, Math.min(width - 1, Math.floor(x * width)));
  return Math.max(0, Math.min(height - 1, Math.floor(y * height))) * width + column;
}
