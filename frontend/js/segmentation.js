/** What the segmenter sees in a picture, and the connected region of a thing in it. */

/** @typedef {import("./types.js").Picture} Picture */

import { segment } from "./api.js";
import { greyPixels } from "./maps.js";

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
 * The pixels of the thing at a point: 1 inside, 0 outside. Pixels touch at their sides and corners.
 *
 * @param {Seen} seen
 * @param {number} x
 * @param {number} y
 * @param {boolean} every  every region of that concept, not only the one at the point
 * @returns {Uint8Array}
 */
export function regionAt(seen, x, y, every) {
  const { labels, width, height } = seen;
  const start = indexAt(seen, x, y);
  const wanted = labels[start];
  if (every) return labels.map((label) => (label === wanted ? 1 : 0));
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
