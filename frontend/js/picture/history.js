/** Undo and redo: a line of picture documents and a position on it. */

/** @typedef {import("./types.js").Picture} Picture */

export const MAX_STATES = 200;

/**
 * @typedef {object} History
 * @property {() => Picture} present
 * @property {(picture: Picture) => void} push  a new present; what lay ahead is dropped
 * @property {() => void} stay  tells everybody the present again
 * @property {(picture: Picture) => void} restart  forgets everything before
 * @property {() => boolean} undo  false where there is nothing before
 * @property {() => boolean} redo
 * @property {() => boolean} canUndo
 * @property {() => boolean} canRedo
 * @property {() => {states: Picture[], position: number}} saved
 * @property {(listener: () => void) => void} subscribe
 */

/**
 * @param {Picture[]} states  at least one
 * @param {number} [position]
 * @returns {History}
 */
export function createHistory(states, position = states.length - 1) {
  let line = [...states];
  let at = Math.min(Math.max(0, position), line.length - 1);
  /** @type {(() => void)[]} */
  const listeners = [];

  /** @param {number} to */
  function move(to) {
    if (to < 0 || to >= line.length) return false;
    at = to;
    for (const listener of listeners) listener();
    return true;
  }

  return {
    present: () => line[at],
    push(picture) {
      line = [...line.slice(0, at + 1), picture].slice(-MAX_STATES);
      move(line.length - 1);
    },
    stay: () => void move(at),
    restart(picture) {
      line = [picture];
      move(0);
    },
    undo: () => move(at - 1),
    redo: () => move(at + 1),
    canUndo: () => at > 0,
    canRedo: () => at < line.length - 1,
    saved: () => ({ states: line, position: at }),
    subscribe: (listener) => listeners.push(listener),
  };
}
