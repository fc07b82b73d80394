/** Where what is typed goes. */

import { byId } from "./dom.js";

const NO_TEXT = ["range", "checkbox", "file"];

/** @param {EventTarget | null} target */
export function takesText(target) {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !NO_TEXT.includes(target.type));
}

/** The keys are the picture's again. */
export function focusPicture() {
  byId("stage", HTMLElement).focus({ preventScroll: true });
}
