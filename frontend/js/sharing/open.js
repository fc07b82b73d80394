/** Opening pictures: files dropped on the page or chosen, links followed, pictures of the server by their id. */

/** @typedef {import("../picture/types.js").Picture} Picture */

import { loadPicture } from "../server/api.js";
import { NotAPicture, readPicture } from "../picture/document.js";
import { byId } from "../ui/dom.js";
import { pictureIn } from "./link.js";
import { documentIn, isPng } from "./png.js";

/**
 * @param {Blob} file  a PNG painted here, or a document as JSON
 * @returns {Promise<Picture>} throws NotAPicture
 */
export async function readFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = isPng(bytes) ? await documentIn(bytes) : new TextDecoder().decode(bytes);
  try {
    return readPicture(JSON.parse(text ?? ""));
  } catch (error) {
    throw error instanceof NotAPicture ? error : new NotAPicture("no picture in it");
  }
}

/**
 * The picture that the page's address names: whole in the fragment, by its id on the server (`?picture=`), or an
 * unedited one by its scene (`?seed=`).
 *
 * @param {string} model  of a scene
 * @returns {Promise<Picture | null>}
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

/**
 * @param {(picture: Picture) => void} onPicture
 * @param {(error: unknown) => void} onError
 */
export function acceptPictures(onPicture, onError) {
  const veil = byId("drop", HTMLElement);
  const chooser = byId("file", HTMLInputElement);

  /** @param {File | undefined | null} file */
  async function accept(file) {
    if (!file) return;
    try {
      onPicture(await readFile(file));
    } catch (error) {
      onError(error);
    }
  }

  window.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    veil.hidden = false;
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  window.addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    void accept(event.dataTransfer.files[0]);
  });
  chooser.addEventListener("change", () => {
    void accept(chooser.files?.[0]);
    chooser.value = "";
  });
  window.addEventListener("hashchange", async () => {
    try {
      const picture = await pictureIn(location.hash);
      if (!picture) return;
      clearAddress();
      onPicture(picture);
    } catch (error) {
      onError(error);
    }
  });
}
