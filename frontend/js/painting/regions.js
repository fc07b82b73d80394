/** The shapes of masks that name a concept, which only the segmenter knows: found again for every picture shown. */

/** @typedef {import("../picture/types.js").Picture} Picture */

import { published } from "../picture/document.js";
import { alphaMap } from "../view/maps.js";
import { rememberRegion } from "../view/masks.js";
import { conceptRegion } from "./segmentation.js";

/**
 * A region is what the segmenter sees in the picture as the edits before it left it, so it may change with them.
 *
 * @param {(picture: Picture) => Promise<import("./segmentation.js").Seen>} segmentation
 * @returns {(picture: Picture) => Promise<boolean>} finds the regions of a picture; whether any is another one now
 */
export function createRegions(segmentation) {
  /** @type {WeakMap<object, string>} */
  const foundIn = new WeakMap(); // mask -> the picture it was found in

  return async (picture) => {
    let changed = false;
    for (const [i, { mask, hidden }] of picture.edits.entries()) {
      if (mask === null || !("concept" in mask) || hidden) continue;
      const before = published({ ...picture, edits: picture.edits.slice(0, i) });
      const key = JSON.stringify(before);
      if (foundIn.get(mask) === key) continue;
      foundIn.set(mask, key);
      // Where the server does not answer, the region stays unknown until the next picture.
      const seen = await segmentation(before).catch(() => foundIn.delete(mask) && null);
      if (!seen) continue;
      rememberRegion(mask, alphaMap(conceptRegion(seen, mask), seen.width, seen.height));
      changed = true;
    }
    return changed;
  };
}
