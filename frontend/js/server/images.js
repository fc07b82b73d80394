/** Finished images by their document: what was drawn once is shown again at once, byte for byte. */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {{blob: Blob, bitmap: ImageBitmap}} Finished */

import { createCache } from "../lib/cache.js";
import { render } from "./api.js";

const CACHED = 60; // images

/**
 * @typedef {object} Images
 * @property {(picture: Picture) => Finished | undefined} cached
 * @property {(picture: Picture, signal?: AbortSignal) => Promise<Finished>} load  throws what the api throws
 * @property {(picture: Picture) => Promise<Finished | null>} expect  loads what somebody else will ask for soon; null
 *   where that failed
 */

/** @returns {Images} */
export function createImages() {
  // What falls out of it is not closed: it may be the one on the screen, and goes with its last reference.
  /** @type {import("../lib/cache.js").Cache<Finished>} */
  const cache = createCache(CACHED);
  /** @type {{key: string, finished: Promise<Finished | null>} | null} */
  let expected = null;

  /** @param {Picture} picture @param {AbortSignal} [signal] */
  async function fetched(picture, signal) {
    const blob = await render(picture, "png", signal);
    const finished = { blob, bitmap: await createImageBitmap(blob) };
    cache.set(JSON.stringify(picture), finished);
    return finished;
  }

  return {
    cached: (picture) => cache.get(JSON.stringify(picture)),
    expect(picture) {
      expected = { key: JSON.stringify(picture), finished: fetched(picture).catch(() => null) };
      return expected.finished;
    },
    async load(picture, signal) {
      const key = JSON.stringify(picture);
      const coming = expected?.key === key ? await expected.finished : null;
      expected = null;
      return cache.get(key) ?? coming ?? fetched(picture, signal);
    },
  };
}
