/** Where what is typed goes. */

import { byId } from "./dom.js";

const NO_TEXT = ["range", "checkbox", "file"];

/** @param {EventTarget | null} target */
export function takesText(target) {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !NO_TEXT.includes(target.type));
}

/** Once a pointer has chosen from a list, the next letters are not for the list. */
export function giveKeysBack() {
  let byPointer = false;
  window.addEventListener("pointerdown", () => (byPointer = true), { capture: true });
  window.addEventListener("keydown", ({ key }) => (byPointer &&= key !== "Tab"), { capture: true });
  window.addEventListener("change", ({ target }) => {
    if (byPointer && target instanceof HTMLSelectElement && !target.closest("dialog")) focusPicture();
  });
}

/** The keys are the picture's again. */
export function focusPicture() {
  byId("stage", HTMLElement).focus({ preventScroll: true });
}
