/** Fewer points that look the same: of a whole stroke, and of one that grows. */

/** @typedef {import("../picture/document.js").Point} Point */
/** @typedef {import("../picture/document.js").Stroke} Stroke */

import { rounded } from "../picture/coordinates.js";
import { MAX_POINTS } from "../picture/document.js";

const TOLERANCE = 0.0012; // of the picture's width: far below one cell of any layer
const TOGETHER = 16; // points of a stroke that grows are simplified once for all, when as many have come

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
 * Simplifies strokes to which points are only ever added. What it has made of the first points stays as it is, where
 * `fit` chooses among all of them anew; so the mask changes nowhere but at the pen, and the server draws only that.
 *
 * @returns {(strokes: Stroke[]) => Stroke[]}
 */
export function createSettling() {
  /** @type {{points: Point[], from: number}[]} */
  const settled = []; // by stroke: what its points up to the one at `from` have been simplified to

  /** @param {Stroke} stroke @param {number} i @returns {Stroke} */
  function settle(stroke, i) {
    const own = (settled[i] ??= { points: [roundPoint(stroke.points[0])], from: 0 });
    /** @param {number} [to] */
    const simple = (to) => simplify(stroke.points.slice(own.from, to), TOLERANCE).slice(1).map(roundPoint);
    while (own.from + TOGETHER < stroke.points.length) {
      own.points.push(...simple(own.from + TOGETHER + 1));
      own.from += TOGETHER;
    }
    return { ...stroke, points: [...own.points, ...simple()] };
  }

  return (strokes) => {
    const simple = strokes.map(settle);
    const total = simple.reduce((sum, { points }) => sum + points.length, 0);
    return total <= MAX_POINTS ? simple : fit(strokes);
  };
}

/**
 * @param {Point} point
 * @returns {Point}
 */
function roundPoint([x, y]) {
  return [rounded(x), rounded(y)];
}
