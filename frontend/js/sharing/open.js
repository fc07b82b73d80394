/** Opening pictures while the page stands: files dropped on it or chosen, links followed. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { NotAPicture, readPicture } from "../picture/reading.js";
import { byId } from "../ui/dom.js";
import { clearAddress } from "./address.js";
import { pictureIn } from "./link.js";
import { documentIn, isPng } from "./png.js";

/**
 * @param {Blob} file  a PNG painted here, or a document as JSON
 * @returns {Promise<Picture>} throws NotAPicture
 */
async function readFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = isPng(bytes) ? await documentIn(bytes) : new TextDecoder().decode(bytes);
  try {
    return readPicture(JSON.parse(text ?? ""));
  } catch (error) {
    throw error instanceof NotAPicture ? error : new NotAPicture("no picture in it");
  }
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
