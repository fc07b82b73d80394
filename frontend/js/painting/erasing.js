/** What the eraser leaves of a mask. */

/** @typedef {import("../picture/document.js").Mask} Mask */
/** @typedef {import("../picture/document.js").Stroke} Stroke */

import { MAX_POINTS } from "../picture/document.js";
import { asErasing, fillMask, hasShape, regionOf, rememberRegion, scratch } from "../view/masks.js";
import { fitted } from "../view/pixels.js";
import { falsified, NOISE } from "../view/reading.js";
import { fit } from "./simplifying.js";

const SIDE = 64; // pixels of the longer side of the grid on which masks are compared
const VISIBLE = 40; // of 255: less coverage of a pixel is none

/**
 * The mask without what the eraser's strokes cover; undefined where nothing is left of it.
 *
 * @param {Mask} mask
 * @param {Stroke[]} strokes
 * @param {number} aspect  of the picture, its width over its height
 * @returns {Mask | undefined}
 */
export function erased(mask, strokes, aspect) {
  /** @type {Mask} */
  let rest;
  if (mask === null) rest = { rect: [0, 0, 1, 1], erase: strokes };
  else if ("strokes" in mask) rest = { strokes: limited([...mask.strokes, ...asErasing(strokes)]) };
  else rest = { ...mask, erase: limited([...(mask.erase ?? []), ...strokes]) };
  const region = regionOf(mask);
  if (region) rememberRegion(rest, region);
  // Where its shape is not known yet, something may be left.
  return !hasShape(rest) || covers(drawn(rest, aspect)) ? rest : undefined;
}

/**
 * Whether a stroke touches the mask, or may, as its shape is not known yet.
 *
 * @param {Mask} mask
 * @param {Stroke[]} strokes
 * @param {number} aspect  of the picture
 */
export function touches(mask, strokes, aspect) {
  if (!hasShape(mask)) return true;
  const context = drawn(mask, aspect);
  context.globalCompositeOperation = "destination-in";
  context.drawImage(drawn({ strokes }, aspect).canvas, 0, 0);
  return covers(context);
}

/** However often a mask was erased from, it has no more points than the server takes. @param {Stroke[]} strokes */
function limited(strokes) {
  const points = strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
  return points > MAX_POINTS ? fit(strokes) : strokes;
}

/** @param {Mask} mask @param {number} aspect */
function drawn(mask, aspect) {
  const [, context] = scratch(fitted({ width: aspect, height: 1 }, SIDE));
  fillMask(context, mask);
  return context;
}

/** Whether anything is drawn there, or may be, as it cannot be read. @param {CanvasRenderingContext2D} context */
function covers(context) {
  if (falsified() > NOISE) return true;
  const { width, height } = context.canvas;
  return context.getImageData(0, 0, width, height).data.some((value, i) => i % 4 === 3 && value > VISIBLE);
}
