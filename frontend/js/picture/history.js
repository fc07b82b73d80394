/** Undo and redo: the states a picture went through, and which of them is the present one. */

/** @typedef {import("./document.js").Picture} Picture */

const MAX_STATES = 200;

/**
 * The states, oldest first, and the place of the present one among them.
 *
 * @typedef {{states: Picture[], position: number}} Timeline
 *
 * @typedef {object} History
 * @property {() => Picture} present  the picture that is being painted, with its hidden edits
 * @property {(picture: Picture) => void} push  a new present; what lay ahead is dropped
 * @property {() => void} stay  has every listener look at the present again
 * @property {(picture: Picture) => void} restart  forgets everything before
 * @property {() => boolean} undo  false where there is nothing before
 * @property {() => boolean} redo
 * @property {() => boolean} withdraw  drops the present state and goes back to the one before; false where none is
 * @property {() => boolean} canUndo
 * @property {() => boolean} canRedo
 * @property {() => Timeline} timeline
 * @property {(listener: () => void) => void} subscribe
 */

/**
 * @param {Picture[]} pictures  at least one
 * @param {number} [at]  the present one
 * @returns {History}
 */
export function createHistory(pictures, at = pictures.length - 1) {
  let states = [...pictures];
  let position = Math.min(Math.max(0, at), states.length - 1);
  /** @type {(() => void)[]} */
  const listeners = [];

  /** @param {number} to */
  function move(to) {
    if (to < 0 || to >= states.length) return false;
    position = to;
    for (const listener of listeners) listener();
    return true;
  }

  return {
    present: () => states[position],
    push(picture) {
      states = [...states.slice(0, position + 1), picture].slice(-MAX_STATES);
      move(states.length - 1);
    },
    stay: () => void move(position),
    restart(picture) {
      states = [picture];
      move(0);
    },
    undo: () => move(position - 1),
    redo: () => move(position + 1),
    withdraw() {
      if (position === 0) return false;
      states = states.filter((_, i) => i !== position);
      return move(position - 1);
    },
    canUndo: () => position > 0,
    canRedo: () => position < states.length - 1,
    timeline: () => ({ states, position }),
    subscribe: (listener) => listeners.push(listener),
  };
}
