/** What the eraser leaves of a mask. */

/** @typedef {import("../picture/document.js").Mask} Mask */
/** @typedef {import("../picture/document.js").Stroke} Stroke */

import { MAX_POINTS } from "../picture/document.js";
import { asErasing, fillMask, hasShape, regionOf, rememberRegion, scratch } from "../view/masks.js";
import { falsified, NOISE } from "../view/reading.js";
import { fit } from "./strokes.js";

const SIDE = 64; // pixels of the grid on which masks are compared
const VISIBLE = 40; // of 255: less coverage of a pixel is none

/**
 * The mask without what the eraser's strokes cover; undefined where nothing is left of it.
 *
 * @param {Mask} mask
 * @param {Stroke[]} strokes
 * @returns {Mask | undefined}
 */
export function erased(mask, strokes) {
  /** @type {Mask} */
  let rest;
  if (mask === null) rest = { rect: [0, 0, 1, 1], erase: strokes };
  else if ("strokes" in mask) rest = { strokes: limited([...mask.strokes, ...asErasing(strokes)]) };
  else rest = { ...mask, erase: limited([...(mask.erase ?? []), ...strokes]) };
  const region = regionOf(mask);
  if (region) rememberRegion(rest, region);
  // Where its shape is not known yet, something may be left.
  return !hasShape(rest) || covers(drawn(rest)) ? rest : undefined;
}

/**
 * Whether a stroke touches the mask, or may, as its shape is not known yet.
 *
 * @param {Mask} mask
 * @param {Stroke[]} strokes
 */
export function touches(mask, strokes) {
  if (!hasShape(mask)) return true;
  const context = drawn(mask);
  context.globalCompositeOperation = "destination-in";
  context.drawImage(drawn({ strokes }).canvas, 0, 0);
  return covers(context);
}

/** However often a mask was erased from, it has no more points than the server takes. @param {Stroke[]} strokes */
function limited(strokes) {
  const points = strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
  return points > MAX_POINTS ? fit(strokes) : strokes;
}

/** @param {Mask} mask */
function drawn(mask) {
  const [, context] = scratch(SIDE);
  fillMask(context, mask, SIDE);
  return context;
}

/** Whether anything is drawn there, or may be, as it cannot be read. @param {CanvasRenderingContext2D} context */
function covers(context) {
  if (falsified() > NOISE) return true;
  return context.getImageData(0, 0, SIDE, SIDE).data.some((value, i) => i % 4 === 3 && value > VISIBLE);
}
