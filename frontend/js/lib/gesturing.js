/** The gesture that has begun and is not over yet: a stroke, or a slider that is being dragged. */

/**
 * @typedef {{end: () => void, cancel: () => void}} Unfinished  what completes it, and what undoes all it has done
 *
 * There is at most one: whoever begins another ends it first.
 * @typedef {object} Gesturing
 * @property {(gesture: Unfinished) => void} begin
 * @property {(gesture?: Unfinished) => boolean} active  whether that one, or any, is unfinished
 * @property {() => void} end
 * @property {() => boolean} cancel  false where there was none
 */

/** @returns {Gesturing} */
export function createGesturing() {
  /** @type {Unfinished | null} */
  let current = null;

  function take() {
    const gesture = current;
    current = null;
    return gesture;
  }

  return {
    begin(gesture) {
      take()?.end();
      current = gesture;
    },
    active: (gesture) => (gesture ? current === gesture : current !== null),
    end: () => take()?.end(),
    cancel() {
      const gesture = take();
      gesture?.cancel();
      return gesture !== null;
    },
  };
}
