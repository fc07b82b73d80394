/** Commands given by anything but keys end an unfinished gesture before they do their own. */

// Undo cancels it instead, and what only sets the brush leaves it: a gesture keeps the brush that it began with.
const OTHERS = "#stage, #undo, [role=radiogroup], .brushes input[type=range]";

/** @param {import("../lib/gesturing.js").Gesturing} gesturing */
export function endBeforeCommands(gesturing) {
  /** @param {Event} event */
  function end({ target }) {
    if (!(target instanceof Element && target.closest(OTHERS))) gesturing.end();
  }
  for (const name of ["click", "submit", "drop", "pagehide"]) window.addEventListener(name, end, { capture: true });
  window.addEventListener("change", (event) => event.target instanceof HTMLSelectElement && end(event), { capture: true });
}
