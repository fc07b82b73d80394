/**
 * What the studio begins with: the server's models, the brush and the pictures of last time. The first picture is on
 * the screen before the rest of the studio has come.
 */

/** @typedef {import("./server/api.js").Model} Model */

import { boothSettings } from "./booth/settings.js";
import { TooLarge } from "./lib/bytes.js";
import { tabName } from "./lib/tab.js";
import { pause } from "./lib/time.js";
import { published } from "./picture/changes.js";
import { newPicture } from "./picture/document.js";
import { createHistory } from "./picture/history.js";
import { NotAPicture } from "./picture/reading.js";
import { loadHistory } from "./picture/stored-history.js";
import { models } from "./server/api.js";
import { createImages } from "./server/images.js";
import { Problem } from "./server/request.js";
import { pictureInAddress } from "./sharing/address.js";
import { byId } from "./ui/dom.js";
import { loadLanguage, preferredLanguage, t } from "./ui/i18n.js";
import { notify, notifyError } from "./ui/notices.js";
import { setUpTheme } from "./ui/theme.js";
import { createPictureCanvas } from "./view/canvas.js";

const FIRST_SEED = 7; // of a model that names no scenes; server/web/routes/studio.py has it too
const RETRY = 1500; // ms between two tries
const FIRST_PICTURE = "unitbrush:first-picture"; // for measurements: the name of the mark in the browser's timeline

/** @param {Model} model @returns {import("./picture/document.js").Picture} the scene that a model is best begun with */
export function firstPicture(model) {
  return newPicture(model.name, model.scenes[0] ?? FIRST_SEED);
}

/**
 * @typedef {object} Beginning
 * @property {Model[]} available
 * @property {import("./picture/history.js").History} history  of last time
 * @property {import("./picture/document.js").Picture | null} given  what the page's address names
 * @property {unknown} refused  why the picture that it names cannot be read; undefined where it can
 * @property {import("./server/images.js").Images} images
 * @property {import("./view/canvas.js").PictureCanvas} canvas
 */

/** @returns {Promise<Beginning>} */
async function begin() {
  setUpTheme();
  const language = insist(() => loadLanguage(preferredLanguage()));
  const available = await waitForModels();
  const history = firstHistory(available);
  let refused;
  const given = await insist(() => pictureInAddress(history.present().model)).catch((error) => {
    refused = error;
    return null;
  });
  const images = createImages();
  const canvas = createPictureCanvas();
  // A booth begins with a random scene.
  if (!boothSettings()) void showFirst(images, canvas, given ?? history.present());
  await language;
  return { available, history, given, refused, images, canvas };
}

/**
 * @param {import("./server/images.js").Images} images
 * @param {import("./view/canvas.js").PictureCanvas} canvas
 * @param {import("./picture/document.js").Picture} picture
 */
async function showFirst(images, canvas, picture) {
  const first = await images.expect(published(picture));
  if (!first) return;
  canvas.show(first.bitmap, true);
  requestAnimationFrame(() => performance.mark(FIRST_PICTURE));
}

/**
 * What the page cannot begin without: tried again until it comes, under the banner that there is no connection.
 *
 * @template T
 * @param {() => Promise<T>} task
 * @returns {Promise<T>} throws only what trying again would not change: a refusal, a document that is no picture
 */
async function insist(task) {
  const banner = byId("offline", HTMLElement);
  for (;;) {
    try {
      const result = await task();
      banner.hidden = true;
      return result;
    } catch (error) {
      if (error instanceof NotAPicture || error instanceof TooLarge) throw error;
      if (error instanceof Problem && error.status < 500) throw error;
      banner.hidden = false;
    }
    await pause(RETRY);
  }
}

/** The server's models; asked for again until it has one. */
async function waitForModels() {
  for (;;) {
    try {
      const available = await insist(models);
      if (available.length) return available;
      notify(t("no.models"), { kind: "error" });
    } catch (error) {
      notifyError(error);
    }
    await pause(RETRY);
  }
}

/**
 * What was painted last time, if its model is still there.
 *
 * @param {Model[]} available
 */
function firstHistory(available) {
  const stored = loadHistory(tabName());
  const names = available.map((model) => model.name);
  if (stored && stored.states.every((picture) => names.includes(picture.model))) {
    return createHistory(stored.states, stored.position);
  }
  return createHistory([firstPicture(available.find((model) => model.default) ?? available[0])]);
}

export const beginning = begin();
