/** A map that holds only so many entries: those used last. */

/**
 * @template T
 * @typedef {object} Cache
 * @property {(key: string) => T | undefined} get
 * @property {(key: string, value: T) => void} set
 * @property {(key: string) => void} delete
 */

/**
 * @template T
 * @param {number} limit
 * @returns {Cache<T>}
 */
export function createCache(limit) {
  /** @type {Map<string, T>} */
  const entries = new Map(); // the one used last stands last

  /** @param {string} key @param {T} value */
  function set(key, value) {
    entries.delete(key);
    entries.set(key, value);
    if (entries.size > limit) entries.delete(/** @type {string} */ (entries.keys().next().value));
  }

  return {
    get(key) {
      const value = entries.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    set,
    delete: (key) => void entries.delete(key),
  };
}
