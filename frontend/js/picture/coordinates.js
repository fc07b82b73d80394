/** Numbers of a picture document: places between 0 and 1, no finer than any layer can tell. */

/** @param {number} value */
export function clamp(value) {
  return Math.max(0, Math.min(1, value));
}

/** @param {number} value  @returns {number} with four digits */
export function rounded(value) {
  return Math.round(value * 1e4) / 1e4;
}

/** @param {number} value  @returns {number} as it stands in a document: 0..1, with four digits */
export function coordinate(value) {
  return rounded(clamp(value));
}
