/** Finished images by their document: what was drawn once is shown again at once, byte for byte. */

/** @typedef {import("./types.js").Picture} Picture */
/** @typedef {{blob: Blob, bitmap: ImageBitmap}} Finished */

import { render } from "./api.js";

const KEPT = 60;

/**
 * @typedef {object} Images
 * @property {(picture: Picture) => Finished | undefined} known
 * @property {(picture: Picture, signal?: AbortSignal) => Promise<Finished>} load  throws what the api throws
 */

/** @returns {Images} */
export function createImages() {
  /** @type {Map<string, Finished>} */
  const kept = new Map();

  /** @param {Picture} picture */
  function known(picture) {
    const key = JSON.stringify(picture);
    const found = kept.get(key);
    if (found) {
      kept.delete(key);
      kept.set(key, found);
    }
    return found;
  }

  return {
    known,
    async load(picture, signal) {
      const found = known(picture);
      if (found) return found;
      const blob = await render(picture, "png", signal);
      const finished = { blob, bitmap: await createImageBitmap(blob) };
      kept.set(JSON.stringify(picture), finished);
      if (kept.size > KEPT) {
        // Not closed: it may be the one on the screen, and goes with its last reference.
        kept.delete(/** @type {string} */ (kept.keys().next().value));
      }
      return finished;
    },
  };
}
