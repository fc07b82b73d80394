/**
 * The mark `data-ready` on the document: the studio can be used as it stands. It is there once everything that was
 * waited for has come and the browser has laid it out, and goes when something is waited for again. Tests and scripts
 * begin there.
 */

/**
 * @typedef {object} Readiness
 * @property {(part: string) => void} wait  for something that is on its way
 * @property {(part: string) => void} done  it has come
 */

/** @returns {Readiness} */
export function createReadiness() {
  const { dataset } = document.documentElement;
  /** @type {Set<string>} */
  const waiting = new Set();

  function mark() {
    if (waiting.size === 0) dataset.ready = "";
  }

  return {
    wait(part) {
      waiting.add(part);
      delete dataset.ready;
    },
    done(part) {
      // Two frames on, whatever depends on the sizes of the page has seen them.
      if (waiting.delete(part) && waiting.size === 0) requestAnimationFrame(() => requestAnimationFrame(mark));
    },
  };
}
