/** A value that can be watched. */

/**
 * @template {object} T
 * @typedef {object} Store
 * @property {() => T} get
 * @property {(patch: Partial<T>) => void} set  merges; listeners run only when something changed
 * @property {(listener: (value: T, before: T) => void) => () => void} subscribe  gives the way to stop
 */

/**
 * @template {object} T
 * @param {T} initial
 * @returns {Store<T>}
 */
export function createStore(initial) {
  let value = initial;
  /** @type {Set<(value: T, before: T) => void>} */
  const listeners = new Set();
  return {
    get: () => value,
    set(patch) {
      const before = value;
      const keys = /** @type {(keyof T)[]} */ (Object.keys(patch));
      if (keys.every((key) => before[key] === patch[key])) return;
      value = { ...before, ...patch };
      for (const listener of listeners) listener(value, before);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
