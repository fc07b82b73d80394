/** Undo, redo, reset and the view's button: they can be pressed only where they would do something. */

import { withoutEdits } from "../picture/changes.js";
import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";

/**
 * @typedef {object} ToolbarParts
 * @property {import("../picture/history.js").History} history
 * @property {(picture: import("../picture/document.js").Picture, announcement: string) => void} commit
 * @property {import("../view/view.js").View} view
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 */

/**
 * @param {ToolbarParts} parts
 * @returns {{undo: () => void, redo: () => void}} what the keys do as well
 */
export function setUpToolbar({ history, commit, view, gesturing }) {
  const buttons = {
    undo: byId("undo", HTMLButtonElement),
    redo: byId("redo", HTMLButtonElement),
    reset: byId("reset", HTMLButtonElement),
    fit: byId("fit", HTMLButtonElement),
  };

  function undo() {
    if (!gesturing.cancel() && history.undo()) announce(t("said.undo"));
  }

  function redo() {
    if (history.redo()) announce(t("said.redo"));
  }

  function reset() {
    if (history.present().edits.length) commit(withoutEdits(history.present()), t("said.reset"));
  }

  buttons.undo.addEventListener("click", undo);
  buttons.redo.addEventListener("click", redo);
  buttons.reset.addEventListener("click", reset);
  buttons.fit.addEventListener("click", view.fit);

  function show() {
    disable(buttons.undo, !history.canUndo());
    disable(buttons.redo, !history.canRedo());
    disable(buttons.reset, history.present().edits.length === 0);
  }
  history.subscribe(show);
  view.subscribe(() => (buttons.fit.hidden = view.scale() === 1));
  show();
  return { undo, redo };
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
