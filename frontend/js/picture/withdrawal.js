/** What the server refuses is no state of the history. */

/** @typedef {import("./document.js").Picture} Picture */

/**
 * @param {import("./history.js").History} history
 * @param {(model: string) => Picture} first  what there is to go back to where the history has nothing else
 */
export function createWithdrawal(history, first) {
  // What the server has taken once stays, even if it does not now: it may have another model or none at the moment.
  const accepted = new WeakSet(history.timeline().states);
  return {
    /** The server has taken the present picture. */
    accept: () => accepted.add(history.present()),

    /** The server refuses the present picture. @returns {boolean} whether there was another to go back to */
    withdraw() {
      if (accepted.has(history.present())) return false;
      if (history.withdraw()) return true;
      const picture = first(history.present().model);
      if (JSON.stringify(picture) === JSON.stringify(history.present())) return false;
      history.restart(picture);
      return true;
    },
  };
}
