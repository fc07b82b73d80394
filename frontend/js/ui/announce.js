/** Tells screen readers what just happened. */

import { byId } from "./dom.js";

/** @param {string} text */
export function announce(text) {
  const region = byId("announcer", HTMLElement);
  // The same words twice in a row are read again only if the text changes.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}
