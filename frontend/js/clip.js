/** A short film of the painting as it grew, edit by edit. */

/** @typedef {import("./types.js").Picture} Picture */

import { withoutEdits } from "./document.js";

const SIDE = 512;
const HOLD = 500; // ms an edit stands
const LAST = 1500;
const TYPES = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];

/** The kind of film this browser can make; undefined where it can make none. */
export function clipType() {
  if (typeof MediaRecorder === "undefined" || !HTMLCanvasElement.prototype.captureStream) return undefined;
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type));
}

/**
 * @param {Picture} picture
 * @param {(picture: Picture) => Promise<ImageBitmap>} load
 * @param {string} type  of clipType
 * @returns {Promise<Blob>}
 */
export async function makeClip(picture, load, type) {
  const frames = [];
  for (let count = 0; count <= picture.edits.length; count += 1) {
    frames.push(await load({ ...withoutEdits(picture), edits: picture.edits.slice(0, count) }));
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  context.imageSmoothingQuality = "high";
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: type, videoBitsPerSecond: 4_000_000 });
  /** @type {Blob[]} */
  const parts = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve));
  recorder.start();
  for (const [i, frame] of frames.entries()) {
    await hold(i === frames.length - 1 ? LAST : HOLD, () => context.drawImage(frame, 0, 0, SIDE, SIDE));
  }
  recorder.stop();
  await stopped;
  return new Blob(parts, { type: type.split(";")[0] });
}

/**
 * Draw again and again: a canvas that does not change gives no frames.
 *
 * @param {number} time
 * @param {() => void} paint
 */
function hold(time, paint) {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      paint();
      const timer = setInterval(paint, 33);
      setTimeout(() => {
        clearInterval(timer);
        resolve();
      }, time);
    })
  );
}
