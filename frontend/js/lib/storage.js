/**
 * The browser's storage, and what of it belongs to this tab alone. Every call works without it too; then nothing
 * survives a reload.
 */

/** @param {string} key @param {"localStorage" | "sessionStorage"} storage  the latter is this tab's own */
export function readStored(key, storage = "localStorage") {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string} text
 * @param {"localStorage" | "sessionStorage"} [storage]
 * @returns {boolean} whether it could be stored
 */
export function writeStored(key, text, storage = "localStorage") {
  try {
    window[storage].setItem(key, text);
    return true;
  } catch {
    return false;
  }
}
