/** Waiting. */

/**
 * @param {number} time  ms
 * @returns {Promise<void>}
 */
export function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}
