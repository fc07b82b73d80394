/**
 * A layer over the picture: one's own pixels, with holes where something was painted, and a map of what of them the
 * model lacks. The server composes the same for a download, more exactly.
 */

/** @typedef {import("../picture/document.js").Edit} Edit */

import { byId } from "../ui/dom.js";
import { fillMask, scratch } from "./masks.js";
import { fitted } from "./pixels.js";

const SIDE = 512; // pixels of the layer's longer side
const CELLS = 32; // the longer side of the raster on which holes grow; enlarged, their rims blend
const SEEN = 0.6; // of the map's alpha, so that the picture shows below
const GROWN = 2; // cells, as things outgrow their mask

/**
 * @typedef {object} Keeping
 * @property {(own: ImageBitmap | null) => void} setOwn  one's own picture, of the shape of the one below; null to show none of it
 * @property {(map: HTMLCanvasElement | null) => void} setMap  whose alpha is shown
 * @property {(edits: Edit[]) => void} setEdits  those of the picture below
 */

/** @returns {Keeping} */
export function createKeeping() {
  const canvas = byId("own-pixels", HTMLCanvasElement);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** @type {ImageBitmap | null} */
  let own = null;
  /** @type {HTMLCanvasElement | null} */
  let map = null;
  /** @type {Edit[]} */
  let edits = [];
  let scheduled = false;

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(paint);
  }

  function paint() {
    scheduled = false;
    canvas.hidden = !own && !map;
    if (canvas.hidden) return;
    const { width, height } = Object.assign(canvas, fitted(own ?? { width: SIDE, height: SIDE }, SIDE)); // empty again
    context.imageSmoothingQuality = "high";
    if (own) {
      context.drawImage(own, 0, 0, width, height);
      context.globalCompositeOperation = "destination-out";
      context.drawImage(holes(own), 0, 0, width, height);
      context.globalCompositeOperation = "source-over";
    }
    if (map) {
      const [tinted, tinting] = scratch(canvas);
      tinting.drawImage(map, 0, 0, width, height);
      tinting.globalCompositeOperation = "source-in";
      tinting.fillStyle = getComputedStyle(canvas).color;
      tinting.fillRect(0, 0, width, height);
      context.globalAlpha = SEEN;
      context.drawImage(tinted, 0, 0);
      context.globalAlpha = 1;
    }
  }

  /** What was painted, grown, as the alpha of a small canvas. @param {ImageBitmap} shape */
  function holes(shape) {
    const [masks, filling] = scratch(fitted(shape, CELLS));
    for (const { mask, strength = 1 } of edits) {
      filling.globalAlpha = strength;
      fillMask(filling, mask, schedule);
    }
    const [grown, growing] = scratch(masks);
    for (let y = -GROWN; y <= GROWN; y += 1) for (let x = -GROWN; x <= GROWN; x += 1) growing.drawImage(masks, x, y);
    return grown;
  }

  return {
    setOwn(image) {
      own = image;
      schedule();
    },
    setMap(shown) {
      map = shown;
      schedule();
    },
    setEdits(painted) {
      edits = painted;
      if (own) schedule();
    },
  };
}
