/** Strokes: from pointer positions to the short polylines of a mask. */

/** @typedef {import("../picture/document.js").Point} Point */
/** @typedef {import("../picture/document.js").Stroke} Stroke */

import { rounded } from "../picture/coordinates.js";
import { WHOLE, clipped } from "./clipping.js";
import { createSettling, fit } from "./simplifying.js";

/**
 * A stroke that grows under the pointer.
 *
 * @typedef {object} GrowingStroke
 * @property {(point: Point, radius: number, frame?: import("./clipping.js").Frame) => void} add  what lies outside the
 *   frame is left out
 * @property {() => Stroke[]} strokes  everything so far, simplified
 * @property {() => Stroke[]} draft  the same in the points that it was given before, and others only at the pen
 * @property {(from: number) => Stroke[]} rest  point by point what came after the first `from` points
 * @property {() => number} length  points so far
 */

/**
 * Pen pressure changes the radius; a mask's stroke has one, so a new piece begins where it has changed by an eighth, at
 * the end of the piece before it. Another begins where the pointer comes back into the frame.
 *
 * @returns {GrowingStroke}
 */
export function createStroke() {
  /** @type {Stroke[]} */
  const pieces = [];
  const settle = createSettling();
  let length = 0;
  /** @type {Point | null} */
  let pointer = null;
  let inside = false;

  /** @param {Point} point @param {number} radius */
  function extend(point, radius) {
    const piece = pieces.at(-1);
    const last = piece?.points.at(-1);
    if (inside && piece && last) {
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) < Math.max(0.0015, piece.radius * 0.06)) return;
      const alike = Math.abs(radius / piece.radius - 1) < 0.125;
      if (alike) piece.points.push(point);
      else pieces.push({ points: [last, point], radius: rounded(radius) });
      length += alike ? 1 : 2;
    } else {
      pieces.push({ points: [point], radius: rounded(radius) });
      length += 1;
    }
    inside = true;
  }

  return {
    add(point, radius, frame = WHOLE) {
      const way = clipped(pointer ?? point, point, frame);
      if (way) {
        const [from, to] = way;
        if (pointer && !inside) extend(from, radius);
        extend(to, radius);
      }
      inside = way !== null && way[1].every((value, i) => value === point[i]);
      pointer = point;
    },
    strokes: () => fit(pieces),
    draft: () => settle(pieces),
    rest(from) {
      let skip = from;
      const later = [];
      for (const piece of pieces) {
        const own = piece.points.length;
        if (skip < own) later.push({ ...piece, points: piece.points.slice(Math.max(0, skip - 1)) });
        skip -= own;
      }
      return later;
    },
    length: () => length,
  };
}

/**
 * The radius a pen's pressure gives; devices without pressure report 0 or 0.5 and paint at the full radius.
 *
 * @param {number} radius
 * @param {{pointerType: string, pressure: number}} event
 */
export function pressed(radius, event) {
  if (event.pointerType !== "pen" || !event.pressure) return radius;
  return Math.max(0.004, radius * (0.3 + 1.2 * event.pressure));
}
