/** Finished images by their document: what was drawn once is shown again at once, byte for byte. */

/** @typedef {import("../picture/types.js").Picture} Picture */
/** @typedef {{blob: Blob, bitmap: ImageBitmap}} Finished */

import { render } from "./api.js";

const KEPT = 60;

/**
 * @typedef {object} Images
 * @property {(picture: Picture) => Finished | undefined} known
 * @property {(picture: Picture, signal?: AbortSignal) => Promise<Finished>} load  throws what the api throws
 * @property {(picture: Picture) => Promise<Finished | null>} expect  loads what somebody else will ask for soon; null
 *   where that failed
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

  /** @type {{key: string, finished: Promise<Finished | null>} | null} */
  let expected = null;

  /** @param {Picture} picture @param {AbortSignal} [signal] */
  async function fetched(picture, signal) {
    const blob = await render(picture, "png", signal);
    const finished = { blob, bitmap: await createImageBitmap(blob) };
    kept.set(JSON.stringify(picture), finished);
    if (kept.size > KEPT) {
      // Not closed: it may be the one on the screen, and goes with its last reference.
      kept.delete(/** @type {string} */ (kept.keys().next().value));
    }
    return finished;
  }

  return {
    known,
    expect(picture) {
      expected = { key: JSON.stringify(picture), finished: fetched(picture).catch(() => null) };
      return expected.finished;
    },
    async load(picture, signal) {
      const coming = expected?.key === JSON.stringify(picture) ? await expected.finished : null;
      expected = null;
      return known(picture) ?? coming ?? fetched(picture, signal);
    },
  };
}
