/** The page's address, which may name a picture. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { readPicture } from "../picture/reading.js";
import { loadPicture } from "../server/api.js";
import { pictureIn } from "./link.js";

/**
 * The picture that the page's address names: whole in the fragment, by its id on the server (`?picture=`), or an
 * unedited one by its scene (`?seed=`).
 *
 * @param {string} model  of a scene
 * @returns {Promise<Picture | null>} throws NotAPicture, TooLarge, and what the api throws
 */
export async function pictureInAddress(model) {
  const linked = await pictureIn(location.hash);
  if (linked) return linked;
  const query = new URLSearchParams(location.search);
  const id = query.get("picture");
  if (id) return readPicture(await loadPicture(id));
  const seed = query.get("seed");
  return seed ? readPicture({ model, seed: Number(seed), edits: [] }) : null;
}

/** Take the picture out of the address, so that a reload shows what was painted since. */
export function clearAddress() {
  const url = new URL(location.href);
  url.hash = "";
  url.searchParams.delete("picture");
  url.searchParams.delete("seed");
  history.replaceState(null, "", url);
}
