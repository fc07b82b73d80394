/** Scenes that a picture gives by their w: they have no latent that directions could move, and the page says so. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { byId } from "../ui/dom.js";

/** @param {Picture} picture */
export function isFixed(picture) {
  return picture.w !== undefined;
}

/**
 * Tell why the sliders of directions rest, while they do.
 *
 * @param {import("../picture/history.js").History} history
 */
export function showFixedScenes(history) {
  const why = byId("fixed-scene", HTMLElement);
  const show = () => void (why.hidden = !isFixed(history.present()));
  history.subscribe(show);
  show();
}
