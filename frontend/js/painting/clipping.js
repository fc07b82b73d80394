/** What of a line lies inside a frame. */

/** @typedef {import("../picture/document.js").Point} Point */

/** x0, y0, x1, y1. @typedef {[number, number, number, number]} Frame */

/** @type {Frame} */
export const WHOLE = [0, 0, 1, 1];

/**
 * After Liang and Barsky (1984).
 *
 * @param {Point} a
 * @param {Point} b
 * @param {Frame} frame
 * @returns {[Point, Point] | null} the part from a to b that lies inside; null where none does
 */
export function clipped([ax, ay], [bx, by], [x0, y0, x1, y1]) {
  const [dx, dy] = [bx - ax, by - ay];
  let from = 0;
  let to = 1;
  for (const [step, low, high] of [[dx, x0 - ax, x1 - ax], [dy, y0 - ay, y1 - ay]]) {
    if (step === 0) {
      if (low > 0 || high < 0) return null;
    } else {
      from = Math.max(from, Math.min(low / step, high / step));
      to = Math.min(to, Math.max(low / step, high / step));
    }
  }
  if (from > to) return null;
  /** @param {number} s @returns {Point} */
  const at = (s) => [ax + s * dx, ay + s * dy];
  return [from === 0 ? [ax, ay] : at(from), to === 1 ? [bx, by] : at(to)];
}
