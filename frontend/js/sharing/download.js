/** Saving files from the page, and the button that saves the picture. */

import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { notifyError } from "../ui/notices.js";

/**
 * @param {() => import("../picture/document.js").Picture} picture  to save: the present one, published
 * @param {() => Promise<Blob>} file  of it
 */
export function setUpDownload(picture, file) {
  byId("download", HTMLButtonElement).addEventListener("click", async () => {
    try {
      saveFile(await file(), `${fileName(picture())}.png`);
      announce(t("said.download"));
    } catch (error) {
      notifyError(error);
    }
  });
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function saveFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {import("../picture/document.js").Picture} picture */
export function fileName(picture) {
  const scene = picture.base ? "own" : picture.seed ?? (picture.z ? "z" : "w");
  return `unitbrush-${picture.model}-${scene}`;
}
