/** Opening pictures while the page stands: files dropped on it, pasted or chosen, links followed. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { decodeText, MAX_INFLATED, TooLarge } from "../lib/bytes.js";
import { NotAPicture, readPicture } from "../picture/reading.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { clearAddress } from "./address.js";
import { pictureIn } from "./link.js";
import { IMAGES, kindOf } from "./kinds.js";
import { documentIn, isPng } from "./png.js";

const LARGEST = 2 * MAX_INFLATED; // bytes of a file: a document and an image, or a document in UTF-16

/**
 * @param {Blob} file  a PNG painted here, a document as JSON, or any image
 * @returns {Promise<{picture: Picture} | {kind: string}>} kind: of an image that holds no picture; throws NotAPicture,
 *   TooLarge
 */
async function readFile(file) {
  const kind = kindOf(new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  if (kind && IMAGES.includes(kind)) return { kind };
  if (kind) throw new NotAPicture("another kind of file", kind);
  if (file.size > LARGEST) throw new TooLarge(`${file.size} bytes`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    const text = isPng(bytes) ? await documentIn(bytes) : decodeText(bytes);
    if (text === null) return { kind: "PNG" };
    if (text && text.length > MAX_INFLATED) throw new TooLarge(`${text.length} characters`);
    return { picture: readPicture(JSON.parse(text)) };
  } catch (error) {
    throw error instanceof NotAPicture || error instanceof TooLarge ? error : new NotAPicture("no picture in it");
  }
}

/** What to say of one that could not be opened. @param {unknown} error */
export function whyNotOpened(error) {
  if (error instanceof TooLarge) return t("too.large");
  const kind = error instanceof NotAPicture && error.kind;
  return kind ? t("no.picture.kind", { kind }) : t("no.picture");
}

/**
 * @param {(picture: Picture) => void} onPicture
 * @param {(image: Blob) => Promise<void>} onImage  one that holds no picture; throws where the browser cannot read it
 * @param {(error: unknown) => void} onError
 */
export function acceptPictures(onPicture, onImage, onError) {
  const veil = byId("drop", HTMLElement);
  const chooser = byId("file", HTMLInputElement);

  /** @param {File | undefined | null} file */
  async function accept(file) {
    if (!file) return;
    try {
      const opened = await readFile(file);
      if ("picture" in opened) return onPicture(opened.picture);
      await onImage(file).catch(() => {
        throw new NotAPicture("an image that this browser cannot read", opened.kind);
      });
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
  window.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.files[0];
    if (!pasted) return;
    event.preventDefault();
    void accept(pasted);
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
