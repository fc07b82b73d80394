/** What a click takes whole: what the segmenter sees at the place, or where the model has none, what looks like one thing. */

/** @typedef {import("../picture/document.js").Mask} Mask */
/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("./gestures.js").Sample} Sample */

import { alphaPng } from "../lib/alpha.js";
import { coordinate } from "../picture/coordinates.js";
import { alphaMap } from "../view/maps.js";
import { rememberRegion } from "../view/masks.js";
import { createProposer, thingAt } from "./proposals.js";
import { conceptAt, regionAt } from "./segmentation.js";

/**
 * @typedef {object} Thing
 * @property {string | null} concept  what it is seen as; null where only its looks are known
 * @property {HTMLCanvasElement} map  its alpha is the thing
 * @property {() => Promise<Mask>} mask
 *
 * @typedef {(picture: Picture, sample: Sample) => Promise<Thing>} FindThing  throws what the api throws
 */

/**
 * @param {object} parts
 * @param {import("./segmentation.js").Segmenter} parts.segmenter
 * @param {(picture: Picture) => boolean} parts.segmented  whether its model has a segmenter
 * @param {() => number} parts.radius  of the brush, as a thing by its looks is taken about as large
 * @returns {FindThing}
 */
export function createThings({ segmenter, segmented, radius }) {
  const proposer = createProposer();

  /** @type {FindThing} */
  async function seen(picture, { x, y, shift = false }) {
    const segmentation = await segmenter(picture);
    const concept = conceptAt(segmentation, x, y);
    const map = alphaMap(regionAt(segmentation, x, y, shift), segmentation.width, segmentation.height);
    const at = /** @type {[number, number]} */ ([coordinate(x), coordinate(y)]);
    return {
      concept,
      map,
      async mask() {
        const mask = shift ? { concept } : { concept, at };
        rememberRegion(mask, map);
        return mask;
      },
    };
  }

  /** @type {FindThing} */
  async function proposed(picture, { x, y }) {
    const tree = await proposer(picture);
    const inside = thingAt(tree, x, y, radius());
    const { width, height } = tree;
    return {
      concept: null,
      map: alphaMap(inside, width, height),
      mask: async () => ({ png: await alphaPng(inside, width, height) }),
    };
  }

  return (picture, sample) => (segmented(picture) ? seen : proposed)(picture, sample);
}
