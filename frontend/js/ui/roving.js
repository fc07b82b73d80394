/** A row of buttons with one stop for the Tab key; the arrow keys, Home and End go on from there. */

/**
 * @param {HTMLElement} group
 * @returns {() => void} to call when buttons came or another one is pressed
 */
export function setUpRoving(group) {
  const buttons = () => /** @type {HTMLButtonElement[]} */ ([...group.querySelectorAll("button")]);

  function placeStop() {
    const all = buttons();
    const stop = all.find((button) => button.getAttribute("aria-pressed") === "true") ?? all[0];
    for (const button of all) button.tabIndex = button === stop ? 0 : -1;
  }

  group.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const targets = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
    const next = all[targets[event.key]];
    if (at < 0 || !next) return;
    event.preventDefault();
    event.stopPropagation();
    all[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  return placeStop;
}
