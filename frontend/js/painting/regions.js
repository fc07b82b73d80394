/** The shapes of masks that name a concept, which only the segmenter knows: looked up for every picture shown. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { published } from "../picture/changes.js";
import { alphaMap } from "../view/maps.js";
import { rememberRegion } from "../view/masks.js";
import { conceptRegion } from "./segmentation.js";

/**
 * A region is what the segmenter sees in the picture as the edits before it left it, so it may change with them.
 *
 * @param {import("./segmentation.js").Segmenter} segmenter
 * @returns {(picture: Picture) => Promise<boolean>} looks up the regions of a picture; whether any is another one now
 */
export function createRegions(segmenter) {
  /** @type {WeakMap<object, string>} */
  const sources = new WeakMap(); // mask -> the picture its region was seen in

  return async (picture) => {
    let changed = false;
    for (const [i, { mask, hidden }] of picture.edits.entries()) {
      if (mask === null || !("concept" in mask) || hidden) continue;
      const before = published({ ...picture, edits: picture.edits.slice(0, i) });
      const key = JSON.stringify(before);
      if (sources.get(mask) === key) continue;
      sources.set(mask, key);
      // Where the server does not answer, the region stays unknown until the next picture.
      const segmentation = await segmenter(before).catch(() => sources.delete(mask) && null);
      if (!segmentation) continue;
      rememberRegion(mask, alphaMap(conceptRegion(segmentation, mask), segmentation.width, segmentation.height));
      changed = true;
    }
    return changed;
  };
}
