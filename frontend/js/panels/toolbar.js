/** Undo, redo, reset and the view's button: they can be pressed only where they would do something. */

import { byId } from "../ui/dom.js";

/**
 * @typedef {object} ToolbarParts
 * @property {import("../picture/history.js").History} history
 * @property {import("../view/view.js").View} view
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {() => void} reset
 */

/** @param {ToolbarParts} parts */
export function setUpToolbar({ history, view, undo, redo, reset }) {
  const buttons = {
    undo: byId("undo", HTMLButtonElement),
    redo: byId("redo", HTMLButtonElement),
    reset: byId("reset", HTMLButtonElement),
    fit: byId("fit", HTMLButtonElement),
  };
  buttons.undo.addEventListener("click", undo);
  buttons.redo.addEventListener("click", redo);
  buttons.reset.addEventListener("click", reset);
  buttons.fit.addEventListener("click", () => view.fit());

  function show() {
    disable(buttons.undo, !history.canUndo());
    disable(buttons.redo, !history.canRedo());
    disable(buttons.reset, history.present().edits.length === 0);
  }
  history.subscribe(show);
  view.subscribe(() => (buttons.fit.hidden = view.scale() === 1));
  show();
}

/**
 * Mark a button as unable instead of disabling it: a disabled button would drop the keyboard's focus.
 *
 * @param {HTMLButtonElement} button
 * @param {boolean} disabled
 */
function disable(button, disabled) {
  button.setAttribute("aria-disabled", String(disabled));
}
