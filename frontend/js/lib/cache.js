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

/**
 * A function that asks, remembered: the last answers by what was asked for; what fails is asked again next time.
 *
 * @template Q, A
 * @param {number} limit
 * @param {(question: Q) => Promise<A>} ask
 * @returns {(question: Q) => Promise<A>}
 */
export function remember(limit, ask) {
  /** @type {Cache<Promise<A>>} */
  const cache = createCache(limit);
  return (question) => {
    const key = JSON.stringify(question);
    let answer = cache.get(key);
    if (!answer) {
      answer = ask(question);
      cache.set(key, answer);
      answer.catch(() => cache.delete(key));
    }
    return answer;
  };
}
