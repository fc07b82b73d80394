/** Taking the picture away and bringing one in, put together. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { composite } from "../server/api.js";
import { notify } from "../ui/notices.js";
import { createBringIn } from "./bring-in.js";
import { setUpDownload } from "./download.js";
import { acceptPictures, whyNotOpened } from "./open.js";
import { createOwnPicture } from "./own-picture.js";
import { setUpShare } from "./share.js";
import { setUpStyle } from "./style.js";

/**
 * @typedef {object} SharingParts
 * @property {import("../server/api.js").Model[]} available
 * @property {import("../picture/history.js").History} history
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 * @property {import("../server/images.js").Images} images
 * @property {() => Picture} visible  the present picture, published
 * @property {() => string | null} keptPixels  one's own picture where its pixels are kept, a JPEG in base64
 * @property {(model: string) => string[]} translations  the seasons that a model's pictures can be translated to
 * @property {() => void} onOpen  another picture is about to be the present one
 *
 * @param {SharingParts} parts
 */
export function setUpSharing({ available, history, gesturing, images, visible, keptPixels, translations, onOpen }) {
  /** The picture's file, with one's own pixels where they are kept. */
  async function file() {
    const own = keptPixels();
    return own ? composite(visible(), own) : (await images.load(visible())).blob;
  }
  setUpDownload(visible, file);
  setUpShare(visible, images, file);
  const style = setUpStyle(visible, images, translations);

  const bringIn = createBringIn({ available, history, gesturing, images, onOpen });
  /** @param {unknown} error */
  const notOpened = (error) => notify(whyNotOpened(error), { kind: "error" });
  acceptPictures((picture) => void bringIn(picture), createOwnPicture({ history, bringIn }), notOpened);
  return { style, bringIn, notOpened };
}
