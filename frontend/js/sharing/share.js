/** The sheet for taking a picture away, and for bringing one in. */

/** @typedef {import("../picture/document.js").Picture} Picture */

import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { notify, notifyError } from "../ui/notices.js";
import { closeSheet } from "../ui/sheet.js";
import { filmType, makeFilm, makeGif } from "./clip.js";
import { canCopyImages, copyImage, copyText } from "./clipboard.js";
import { fileName, saveFile } from "./download.js";
import { linkTo } from "./link.js";
import { asCurl, asPython } from "./recipes.js";

/**
 * @param {() => Picture} picture  to take away: the present one, published
 * @param {import("../server/images.js").Images} images
 * @param {() => Promise<Blob>} file  of it
 */
export function setUpShare(picture, images, file) {
  const dialog = byId("share", HTMLDialogElement);
  const film = filmType();
  /** @param {Picture} shown */
  const load = async (shown) => (await images.load(shown)).bitmap;

  /** @type {Record<string, () => Promise<void>>} */
  const actions = {
    "share-link": async () => copy(await linkTo(picture()), "said.link"),
    "share-image": async () => {
      await copyImage(file());
      notify(t("said.image"));
    },
    "share-json": async () => {
      saveFile(new Blob([JSON.stringify(picture(), null, 1)], { type: "application/json" }), `${fileName(picture())}.json`);
    },
    "share-python": async () => copy(asPython(picture()), "said.code"),
    "share-curl": async () => copy(asCurl(picture()), "said.code"),
    "share-clip": async () => {
      if (!film) return;
      notify(t("clip.making"));
      saveFile(await makeFilm(picture(), load, film), `${fileName(picture())}.${film.includes("mp4") ? "mp4" : "webm"}`);
    },
    "share-gif": async () => {
      notify(t("clip.making"));
      saveFile(await makeGif(picture(), load), `${fileName(picture())}.gif`);
    },
    "share-own": async () => byId("file", HTMLInputElement).click(),
    "share-open": async () => byId("file", HTMLInputElement).click(),
  };

  /** @param {string} text @param {string} key  what to say then */
  async function copy(text, key) {
    if (await copyText(text)) notify(t(key));
    else prompt(t("copy.byhand"), text);
  }

  for (const [id, action] of Object.entries(actions)) {
    byId(id, HTMLButtonElement).addEventListener("click", async () => {
      try {
        await action();
      } catch (error) {
        notifyError(error);
      }
      dialog.close();
    });
  }
  byId("share-image", HTMLButtonElement).hidden = !canCopyImages();
  byId("share-clip", HTMLButtonElement).hidden = !film;
  byId("share-open-sheet", HTMLButtonElement).addEventListener("click", () => dialog.showModal());
  closeSheet(dialog, byId("share-close", HTMLButtonElement));
}
