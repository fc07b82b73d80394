/**
 * The picture itself: the newest frame, smoothly enlarged, or the unedited one beside or in place of it. Until the first
 * frame the page's own image of it stands there. The stage takes the shape of the picture.
 */

import { byId } from "../ui/dom.js";
import { fitToScreen } from "./pixels.js";

const LARGEST = 1024;
const FINE = 2; // of the enlargement: how much of it the slow filter does

/**
 * @typedef {object} PictureCanvas
 * @property {(bitmap: ImageBitmap, shared: boolean) => void} show  shared: somebody else may want it again
 * @property {(bitmap: ImageBitmap | null) => void} setBefore  the unedited picture to compare with
 * @property {(share: number) => void} setSplit  how much of the width shows the unedited one, from the left, 0..1
 * @property {() => ImageBitmap | null} bitmap  what `show` was given last
 */

/** @returns {PictureCanvas} */
export function createPictureCanvas() {
  const canvas = byId("picture", HTMLCanvasElement);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  /** @type {ImageBitmap | null} */
  let after = null;
  /** @type {ImageBitmap | null} */
  let before = null;
  let split = 0;
  let ownsAfter = false;
  const middle = document.createElement("canvas");
  const between = /** @type {CanvasRenderingContext2D} */ (middle.getContext("2d", { alpha: false }));

  /**
   * Enlarge in two steps: the first by the browser's cubic filter, which leaves no edges of pixels, the second, of what
   * is smooth already, by its linear one, which takes a fraction of the time where no GPU does it.
   *
   * @param {ImageBitmap} bitmap
   */
  function draw(bitmap) {
    const [width, height] = [FINE * bitmap.width, FINE * bitmap.height];
    if (middle.width !== width || middle.height !== height) Object.assign(middle, { width, height });
    between.imageSmoothingQuality = "high";
    between.drawImage(bitmap, 0, 0, width, height);
    context.imageSmoothingQuality = "low";
    context.drawImage(middle, 0, 0, canvas.width, canvas.height);
  }

  function paint() {
    if (after && (split < 1 || !before)) draw(after);
    if (before && split > 0) {
      const edge = Math.round(canvas.width * split);
      context.save();
      context.beginPath();
      context.rect(0, 0, edge, canvas.height);
      context.clip();
      draw(before);
      context.restore();
    }
  }

  /** @param {ImageBitmap} bitmap */
  function takeShape({ width, height }) {
    const { style } = document.documentElement;
    const aspect = String(width / height);
    if (style.getPropertyValue("--aspect") === aspect) return;
    style.setProperty("--aspect", aspect);
    fitToScreen(canvas, LARGEST);
  }

  function resize() {
    if (fitToScreen(canvas, LARGEST)) paint();
  }
  resize();
  new ResizeObserver(resize).observe(canvas);

  return {
    show(bitmap, shared) {
      document.getElementById("first")?.remove();
      const last = after;
      const close = ownsAfter && last !== bitmap;
      after = bitmap;
      ownsAfter = !shared;
      takeShape(bitmap);
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
    bitmap: () => after,
  };
}
