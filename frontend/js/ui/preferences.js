/** What the page remembers of this browser's user from one visit to the next, each by its name. */

import { readStored, writeStored } from "../lib/storage.js";

const KEY = "unitbrush.preferences";

/**
 * @param {string} name
 * @returns {unknown}  undefined where nothing is remembered
 */
export function preference(name) {
  return preferences()[name];
}

/**
 * @param {string} name
 * @param {unknown} value
 */
export function setPreference(name, value) {
  writeStored(KEY, JSON.stringify({ ...preferences(), [name]: value }));
}

/** @returns {Record<string, unknown>} */
function preferences() {
  try {
    return { ...JSON.parse(readStored(KEY) ?? "{}") };
  } catch {
    return {};
  }
}
