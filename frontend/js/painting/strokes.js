/** Strokes: from pointer positions to the short polylines of a mask. */

/** @typedef {import("../picture/document.js").Point} Point */
/** @typedef {import("../picture/document.js").Stroke} Stroke */

import { rounded } from "../picture/coordinates.js";
import { MAX_POINTS } from "../picture/document.js";
import { WHOLE, clipped } from "./clipping.js";

const TOLERANCE = 0.0012; // of the picture's width: far below one cell of any layer

/**
 * A stroke that grows under the pointer.
 *
 * @typedef {object} GrowingStroke
 * @property {(point: Point, radius: number, frame?: import("./clipping.js").Frame) => void} add  what lies outside the
 *   frame is left out
 * @property {() => Stroke[]} strokes  everything so far, simplified
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
 * The same strokes with as few points as look the same, and never more than a mask may have.
 *
 * @param {Stroke[]} strokes
 * @returns {Stroke[]}
 */
export function fit(strokes) {
  for (let tolerance = TOLERANCE; ; tolerance *= 2) {
    const simple = strokes.map((stroke) => ({ ...stroke, points: simplify(stroke.points, tolerance).map(roundPoint) }));
    const total = simple.reduce((sum, stroke) => sum + stroke.points.length, 0);
    if (total <= MAX_POINTS) return simple;
    if (tolerance > 0.1) return simple.slice(-MAX_POINTS / 2);
  }
}

/**
 * Ramer-Douglas-Peucker: drop points that lie within `tolerance` of the line between those kept.
 *
 * @param {Point[]} points
 * @param {number} tolerance
 * @returns {Point[]}
 */
function simplify(points, tolerance) {
  if (points.length < 3) return points;
  const keep = new Uint8Array(points.length);
  keep[0] = keep[points.length - 1] = 1;
  const spans = [[0, points.length - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [from, to] = span;
    let farthest = 0;
    let at = -1;
    for (let i = from + 1; i < to; i += 1) {
      const distance = distanceToSegment(points[i], points[from], points[to]);
      if (distance > farthest) [farthest, at] = [distance, i];
    }
    if (farthest > tolerance) {
      keep[at] = 1;
      spans.push([from, at], [at, to]);
    }
  }
  return points.filter((_, i) => keep[i]);
}

/**
 * @param {Point} p
 * @param {Point} a
 * @param {Point} b
 */
function distanceToSegment([px, py], [ax, ay], [bx, by]) {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const t = length ? Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length)) : 0;
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
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

/**
 * @param {Point} point
 * @returns {Point}
 */
function roundPoint([x, y]) {
  return [rounded(x), rounded(y)];
}
