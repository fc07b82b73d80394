/** Sheets: dialogs over the page. (Escape closes them by itself.) */

/**
 * Have a button close it, and a click beside it.
 *
 * @param {HTMLDialogElement} dialog
 * @param {HTMLButtonElement} button
 */
export function closeSheet(dialog, button) {
  button.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
