/** Scenes that a picture gives by their w: they have no latent, so nothing mixes or moves them, and the page says so. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { byId } from "../ui/dom.js";

/** @param {Picture} picture */
export function isFixed(picture) {
  return picture.w !== undefined;
}

/**
 * What mixes and moves scenes rests while the present one is fixed.
 *
 * @param {import("../picture/history.js").History} history
 * @param {() => void} close  what of that is open
 */
export function setUpFixedScenes(history, close) {
  const why = byId("fixed-scene", HTMLElement);
  const buttons = ["nearby", "mix"].map((id) => byId(id, HTMLButtonElement));

  function show() {
    const fixed = isFixed(history.present());
    if (fixed) close();
    why.hidden = !fixed;
    for (const button of buttons) button.disabled = fixed;
  }
  history.subscribe(show);
  show();
}
