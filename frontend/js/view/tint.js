/** The layer over the picture: paint whose pixels have not come yet, a shape being drawn, the mask of an edit. */

/** @typedef {import("../picture/document.js").Mask} Mask */

import { byId } from "../ui/dom.js";
import { fillMask } from "./masks.js";
import { fitToScreen } from "./pixels.js";

const LARGEST = 1024;

/**
 * @typedef {object} Tint
 * @property {(mask: Mask | undefined) => void} setPending  paint on its way
 * @property {(mask: Mask | undefined) => void} setMask  shown on request, as when an edit of the list is hovered
 * @property {(map: HTMLCanvasElement | undefined) => void} setMap  any canvas, whose alpha is shown
 * @property {() => void} refresh  the shape of a region is another one
 */

/** @returns {Tint} */
export function createTint() {
  const canvas = byId("tint", HTMLCanvasElement);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** @type {Mask | undefined} */
  let pending;
  /** @type {Mask | undefined} */
  let mask;
  /** @type {HTMLCanvasElement | undefined} */
  let map;
  let scheduled = false;

  function paint() {
    scheduled = false;
    const { width, height } = canvas;
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(canvas).color;
    if (map) {
      context.drawImage(map, 0, 0, width, height);
      context.globalCompositeOperation = "source-in";
      context.fillRect(0, 0, width, height);
      context.globalCompositeOperation = "source-over";
    }
    if (pending !== undefined) fillMask(context, pending, schedule);
    if (mask !== undefined) fillMask(context, mask, schedule);
  }

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(paint);
  }

  new ResizeObserver(() => {
    if (fitToScreen(canvas, LARGEST)) schedule();
  }).observe(canvas);

  return {
    setPending(value) {
      if (value === undefined && pending === undefined) return;
      pending = value;
      schedule();
    },
    setMap(value) {
      if (value === undefined && map === undefined) return;
      map = value;
      schedule();
    },
    setMask(value) {
      mask = value;
      schedule();
    },
    refresh: schedule,
  };
}
