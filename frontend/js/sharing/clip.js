/** A short clip of the painting as it grew, edit by edit: a film where the browser can record one, or a GIF. */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {(picture: Picture) => Promise<ImageBitmap>} Load */

import { pause } from "../lib/time.js";
import { withoutEdits } from "../picture/changes.js";
import { t } from "../ui/i18n.js";
import { fitted } from "../view/pixels.js";
import { falsified, NOISE } from "../view/reading.js";

const FILM_SIDE = 512; // pixels of the longer side
const GIF_SIDE = 384;
const EACH = 500; // ms an edit stands,
const LONGEST = 12_000; // or less, so that all of them take no longer
const LAST = 1500;
const TYPES = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];

/** The kind of film this browser can make; undefined where it can make none. */
export function filmType() {
  if (typeof MediaRecorder === "undefined" || !HTMLCanvasElement.prototype.captureStream) return undefined;
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type));
}

/**
 * @param {Picture} picture
 * @param {Load} load
 * @param {string} type  of filmType
 * @returns {Promise<Blob>}
 */
export async function makeFilm(picture, load, type) {
  const frames = await growing(picture, load);
  const { canvas, draw } = stage(frames[0].bitmap, FILM_SIDE);
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: type, videoBitsPerSecond: 4_000_000 });
  /** @type {Blob[]} */
  const parts = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve));
  recorder.start();
  for (const { bitmap, time } of frames) await repeat(time, () => draw(bitmap));
  recorder.stop();
  await stopped;
  return new Blob(parts, { type: type.split(";")[0] });
}

/**
 * @param {Picture} picture
 * @param {Load} load
 * @returns {Promise<Blob>} throws an Error in words where pixels cannot be read
 */
export async function makeGif(picture, load) {
  if (falsified() > NOISE) throw new Error(t("canvas.falsified"));
  const { createGif } = await import("./gif.js");
  const frames = await growing(picture, load);
  const { canvas, context, draw } = stage(frames[0].bitmap, GIF_SIDE);
  const { width, height } = canvas;
  const gif = createGif(width, height);
  for (const { bitmap, time } of frames) {
    draw(bitmap);
    gif.add(context.getImageData(0, 0, width, height).data, time);
    // The page stays alive meanwhile.
    await pause(0);
  }
  return gif.finish();
}

/**
 * The picture with ever more of its edits, and how long each stands, in ms.
 *
 * @param {Picture} picture
 * @param {Load} load
 * @returns {Promise<{bitmap: ImageBitmap, time: number}[]>}
 */
async function growing(picture, load) {
  const count = picture.edits.length;
  const each = Math.min(EACH, LONGEST / (count + 1));
  const frames = [];
  for (let shown = 0; shown <= count; shown += 1) {
    const bitmap = await load({ ...withoutEdits(picture), edits: picture.edits.slice(0, shown) });
    frames.push({ bitmap, time: shown === count ? LAST : each });
  }
  return frames;
}

/** @param {ImageBitmap} first  of what is shown there @param {number} side */
function stage(first, side) {
  const { width, height } = fitted(first, side);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  context.imageSmoothingQuality = "high";
  return { canvas, context, draw: (/** @type {ImageBitmap} */ bitmap) => context.drawImage(bitmap, 0, 0, width, height) };
}

/**
 * Draw again and again: a canvas that does not change gives no frames.
 *
 * @param {number} time  ms
 * @param {() => void} paint
 */
async function repeat(time, paint) {
  paint();
  const timer = setInterval(paint, 33);
  await pause(time);
  clearInterval(timer);
}
