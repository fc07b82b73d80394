/** The layer over the picture: paint whose pixels have not come yet, a shape being drawn, the mask of an edit. */

/** @typedef {import("../picture/document.js").Mask} Mask */

import { byId } from "../ui/dom.js";
import { fillMask } from "./masks.js";
import { onScreen } from "./pixels.js";

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
  let colour = "";
  let shown = { width: 0, height: 0 }; // on the screen, in its pixels

  function paint() {
    scheduled = false;
    // Paint on its way is gone in a moment, and drawn for every frame of the screen: half as fine will do.
    const part = map || mask !== undefined ? 1 : 0.5;
    const [width, height] = [Math.ceil(shown.width * part), Math.ceil(shown.height * part)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    else context.clearRect(0, 0, width, height);
    context.fillStyle = colour ||= getComputedStyle(canvas).color;
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

  // What the page does with the picture decides on it; that does not change while a stroke is painted.
  new MutationObserver(() => (colour = "")).observe(document.body, { attributes: true });

  new ResizeObserver(() => {
    shown = onScreen(canvas, LARGEST);
    schedule();
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
      if (value === undefined && mask === undefined) return;
      mask = value;
      schedule();
    },
    refresh: schedule,
  };
}
