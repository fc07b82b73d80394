/** The sheet for taking a picture away, and for bringing one in. */

/** @typedef {import("../picture/types.js").Picture} Picture */

import { filmType, makeFilm, makeGif } from "./clip.js";
import { canCopyImages, copyImage, copyText } from "./clipboard.js";
import { byId } from "../ui/dom.js";
import { fileName, saveFile } from "./download.js";
import { t } from "../ui/i18n.js";
import { linkTo } from "./link.js";
import { notify, notifyError } from "../ui/notices.js";
import { asCurl, asPython } from "./recipes.js";

/**
 * @param {() => Picture} present  as the server sees it
 * @param {import("../server/images.js").Images} images
 */
export function setUpShare(present, images) {
  const dialog = byId("share", HTMLDialogElement);
  const film = filmType();
  /** @param {Picture} picture */
  const load = async (picture) => (await images.load(picture)).bitmap;

  /** @type {Record<string, () => Promise<void>>} */
  const actions = {
    "share-link": async () => copy(await linkTo(present()), "said.link"),
    "share-image": async () => {
      await copyImage(images.load(present()).then(({ blob }) => blob));
      notify(t("said.image"));
    },
    "share-json": async () => {
      saveFile(new Blob([JSON.stringify(present(), null, 1)], { type: "application/json" }), `${fileName(present())}.json`);
    },
    "share-python": async () => copy(asPython(present()), "said.code"),
    "share-curl": async () => copy(asCurl(present()), "said.code"),
    "share-clip": async () => {
      if (!film) return;
      notify(t("clip.making"));
      saveFile(await makeFilm(present(), load, film), `${fileName(present())}.${film.includes("mp4") ? "mp4" : "webm"}`);
    },
    "share-gif": async () => {
      notify(t("clip.making"));
      saveFile(await makeGif(present(), load), `${fileName(present())}.gif`);
    },
    "share-open": async () => byId("file", HTMLInputElement).click(),
  };

  /** @param {string} text @param {string} said */
  async function copy(text, said) {
    if (await copyText(text)) notify(t(said));
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
  byId("share-close", HTMLButtonElement).addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
