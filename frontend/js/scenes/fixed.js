/**
 * Scenes that a picture gives by their w or by a base: they have no latent that directions could move, and the page says
 * so. Those of a base are not mixed either.
 */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";

/** @param {Picture} picture */
export function isFixed(picture) {
  return picture.w !== undefined || picture.base !== undefined;
}

/**
 * Tell why the sliders of directions rest, while they do; what mixes scenes rests while there are none to mix.
 *
 * @param {import("../picture/history.js").History} history
 * @param {() => void} close  what of that is open
 */
export function showFixedScenes(history, close) {
  const why = byId("fixed-scene", HTMLElement);
  const buttons = ["nearby", "mix"].map((id) => byId(id, HTMLButtonElement));

  function show() {
    const present = history.present();
    if (present.base) close();
    why.hidden = !isFixed(present);
    const words = present.base ? "fixed.own" : "fixed.scene";
    why.dataset.i18n = words;
    why.textContent = t(words);
    for (const button of buttons) button.disabled = present.base !== undefined;
  }
  history.subscribe(show);
  show();
}
