/**
 * What the studio begins with: the server's models, the brush and the pictures of last time. The first picture is on
 * the screen before the rest of the studio has come.
 */

/** @typedef {import("./picture/types.js").Brush} Brush */
/** @typedef {import("./picture/types.js").Model} Model */

import { Problem, models } from "./server/api.js";
import { createPictureCanvas } from "./view/canvas.js";
import { NotAPicture, newPicture, published } from "./picture/document.js";
import { byId } from "./ui/dom.js";
import { createHistory } from "./picture/history.js";
import { loadLanguage, preferredLanguage, t } from "./ui/i18n.js";
import { createImages } from "./server/images.js";
import { notify, notifyError } from "./ui/notices.js";
import { pictureInAddress } from "./sharing/open.js";
import { loadHistory, preference } from "./lib/storage.js";
import { setUpTheme } from "./ui/theme.js";

const FIRST_SEED = 7; // of a model that names no scenes; server/app.py has it too
const EVERY = 1500; // ms
const FIRST_PICTURE = "unitbrush:first-picture"; // for measurements: the name of the mark in the browser's timeline

/** @param {Model} model @returns {import("./picture/types.js").Picture} the scene that a model is best begun with */
export function firstPicture(model) {
  return newPicture(model.name, model.scenes[0] ?? FIRST_SEED);
}

/** @returns {{idle: number} | null} null where the page is no booth */
export function boothSettings() {
  const query = new URLSearchParams(location.search);
  if (!["1", "true", "yes"].includes(query.get("booth") ?? "")) return null;
  return { idle: Math.max(5, Number(query.get("idle")) || 90) };
}

/**
 * @typedef {object} Beginning
 * @property {Model[]} available
 * @property {import("./picture/history.js").History} history  of last time
 * @property {import("./picture/types.js").Picture | null} given  what the page's address names
 * @property {boolean} damaged  whether it names a picture that cannot be read
 * @property {import("./server/images.js").Images} images
 * @property {import("./view/canvas.js").PictureCanvas} canvas
 */

/** @returns {Promise<Beginning>} */
async function begin() {
  setUpTheme();
  const language = insist(() => loadLanguage(preferredLanguage()));
  const available = await waitForModels();
  const history = firstHistory(available);
  let damaged = false;
  const given = await insist(() => pictureInAddress(history.present().model)).catch(() => {
    damaged = true;
    return null;
  });
  const images = createImages();
  const canvas = createPictureCanvas();
  // A booth begins with a scene by lot.
  if (!boothSettings()) void showFirst(images, canvas, given ?? history.present());
  await language;
  return { available, history, given, damaged, images, canvas };
}

/**
 * @param {import("./server/images.js").Images} images
 * @param {import("./view/canvas.js").PictureCanvas} canvas
 * @param {import("./picture/types.js").Picture} picture
 */
async function showFirst(images, canvas, picture) {
  const first = await images.expect(published(picture));
  if (!first) return;
  canvas.show(first.bitmap, true);
  requestAnimationFrame(() => performance.mark(FIRST_PICTURE));
}

/** @returns {Brush} */
export function firstBrush() {
  const kept = /** @type {Partial<Brush>} */ (preference("brush") ?? {});
  return { mode: "draw", concept: "tree", radius: 0.075, strength: 1, units: 0, ...kept, tool: "brush" };
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
      if ((error instanceof Problem && error.status < 500) || error instanceof NotAPicture) throw error;
      banner.hidden = false;
    }
    await pause();
  }
}

/** The server's models; asked for again until it has one. */
async function waitForModels() {
  for (;;) {
    try {
      const found = await insist(models);
      if (found.length) return found;
      notify(t("no.models"), { kind: "error" });
    } catch (error) {
      notifyError(error);
    }
    await pause();
  }
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, EVERY));
}

/**
 * What was painted last time, if its model is still there.
 *
 * @param {Model[]} available
 */
function firstHistory(available) {
  const kept = loadHistory();
  const names = available.map((model) => model.name);
  if (kept && kept.states.every((picture) => names.includes(picture.model))) {
    return createHistory(kept.states, kept.position);
  }
  const usual = available.find((model) => model.default) ?? available[0];
  return createHistory([firstPicture(usual)]);
}

export const beginning = begin();
