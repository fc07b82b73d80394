/**
 * The picture itself: the newest frame, smoothly enlarged, or the unedited one beside or in place of it. Until the first
 * frame the page's own image of it stands there. The stage takes the shape of the picture.
 */

import { sizeOf } from "../lib/decoding.js";
import { byId } from "../ui/dom.js";
import { fitted, onScreen } from "./pixels.js";

/** @typedef {import("../lib/decoding.js").Unpacked} Unpacked */

const LARGEST = 1024;
const FINE = 2; // how much of the enlargement the canvas does

/**
 * @typedef {object} PictureCanvas
 * @property {(image: Unpacked, shared: boolean) => void} show  shared: somebody else may want it again
 * @property {(bitmap: ImageBitmap | null) => void} setBefore  the unedited picture to compare with
 * @property {(share: number) => void} setSplit  how much of the width shows the unedited one, from the left, 0..1
 * @property {() => Unpacked | null} image  what `show` was given last
 */

/** @returns {PictureCanvas} */
export function createPictureCanvas() {
  const canvas = byId("picture", HTMLCanvasElement);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  /** @type {Unpacked | null} */
  let after = null;
  /** @type {ImageBitmap | null} */
  let before = null;
  let split = 0;
  let ownsAfter = false;

  /**
   * Enlarge by the browser's cubic filter, which leaves no edges of pixels. The rest of the way to the screen, from what
   * is smooth already, the browser goes by its linear filter where it puts the page together: apart from the page's own
   * thread, and on the GPU if there is one.
   *
   * @param {Unpacked} image
   */
  function draw(image) {
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
  }

  /** Whether two pictures meet in the canvas. It is as large as it is shown then, so that the edge is sharp. */
  const meet = () => before !== null && split > 0 && split < 1;

  /** @param {Unpacked} image */
  function sizeFor(image) {
    const shown = meet() ? onScreen(canvas, LARGEST) : { width: 0, height: 0 };
    if (shown.width && shown.height) return shown;
    const size = sizeOf(image);
    return fitted(size, Math.min(LARGEST, FINE * Math.max(size.width, size.height)));
  }

  function paint() {
    if (!after) return;
    const { width, height } = sizeFor(after);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    if (split < 1 || !before) draw(after);
    if (before && split > 0) {
      context.save();
      context.beginPath();
      context.rect(0, 0, Math.round(width * split), height);
      context.clip();
      draw(before);
      context.restore();
    }
  }

  /** @param {Unpacked} image */
  function takeShape(image) {
    const { width, height } = sizeOf(image);
    const { style } = document.documentElement;
    const aspect = String(width / height);
    if (style.getPropertyValue("--aspect") !== aspect) style.setProperty("--aspect", aspect);
  }

  new ResizeObserver(() => meet() && paint()).observe(canvas);

  return {
    show(image, shared) {
      document.getElementById("first")?.remove();
      const last = after;
      const close = ownsAfter && last !== image;
      after = image;
      ownsAfter = !shared;
      takeShape(image);
      paint();
      if (close) last?.close();
    },
    setBefore(bitmap) {
      before = bitmap;
      paint();
    },
    setSplit(share) {
      split = share;
      paint();
    },
    image: () => after,
  };
}
