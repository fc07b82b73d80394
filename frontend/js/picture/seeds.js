/** Seeds: the numbers of the scenes. */

const MAX_SEED = 2 ** 32 - 1;
const SHORT = 1e6; // seeds below it are easy to read out and to type

/**
 * @param {unknown} value
 * @returns {value is number}
 */
export function isSeed(value) {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_SEED;
}

/** A random one among them all. */
export function anySeed() {
  return Math.floor(Math.random() * (MAX_SEED + 1));
}

/** A random short one. */
export function shortSeed() {
  return Math.floor(Math.random() * SHORT);
}
