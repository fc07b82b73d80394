/** Where the picture lies on the stage: zoom and pan, and from the page's coordinates to the picture's. */

import { byId } from "../ui/dom.js";

const MAX_SCALE = 8;

/**
 * @typedef {object} View
 * @property {(clientX: number, clientY: number) => [number, number]} toPicture  0..1 inside, beyond it outside
 * @property {(x: number, y: number) => [number, number]} toStage  from the picture to CSS pixels on the stage
 * @property {() => [number, number, number, number]} frame  x0, y0, x1, y1 of what can be seen of the picture
 * @property {() => number} scale
 * @property {() => number} width  of the shown picture, in CSS pixels
 * @property {() => number} aspect  its width over its height
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, clientX: number, clientY: number) => void} zoom
 * @property {(factor: number) => void} zoomMiddle  about the middle of the stage
 * @property {() => void} fit
 * @property {(listener: () => void) => void} subscribe
 */

/** @returns {View} */
export function createView() {
  const stage = byId("stage", HTMLElement);
  const view = byId("view", HTMLElement);
  let scale = 1;
  let x = 0;
  let y = 0;
  /** @type {(() => void)[]} */
  const listeners = [];
  /** @type {DOMRect | null} */
  let measured = null;

  /** Where the stage lies: measured when something may have moved it, as the browser has to lay out the page for it. */
  const box = () => (measured ??= stage.getBoundingClientRect());
  const forget = () => void (measured = null);
  window.addEventListener("scroll", forget, { capture: true, passive: true });
  window.addEventListener("resize", forget);
  // Anything else moves it at most between gestures.
  stage.addEventListener("pointerdown", forget, { capture: true });
  stage.addEventListener("pointermove", ({ buttons }) => buttons || forget(), { capture: true });

  /** @param {number} newScale @param {number} newX @param {number} newY */
  function place(newScale, newX, newY) {
    const { width, height } = box();
    scale = Math.max(1, Math.min(MAX_SCALE, newScale));
    x = Math.min(0, Math.max(width * (1 - scale), newX));
    y = Math.min(0, Math.max(height * (1 - scale), newY));
    view.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    for (const listener of listeners) listener();
  }

  new ResizeObserver(() => {
    forget();
    place(scale, x, y);
  }).observe(stage);

  /** @param {number} factor @param {number} clientX @param {number} clientY */
  function zoom(factor, clientX, clientY) {
    const next = Math.max(1, Math.min(MAX_SCALE, scale * factor));
    const ratio = next / scale;
    const px = clientX - box().left;
    const py = clientY - box().top;
    place(next, px - (px - x) * ratio, py - (py - y) * ratio);
  }

  return {
    toPicture(clientX, clientY) {
      const { left, top, width, height } = box();
      return [(clientX - left - x) / (width * scale), (clientY - top - y) / (height * scale)];
    },
    toStage: (px, py) => [px * box().width * scale + x, py * box().height * scale + y],
    frame() {
      const { width, height } = box();
      const [across, down] = [width * scale, height * scale];
      return [-x / across, -y / down, (width - x) / across, (height - y) / down];
    },
    scale: () => scale,
    width: () => box().width * scale,
    aspect: () => box().width / box().height,
    pan: (dx, dy) => place(scale, x + dx, y + dy),
    zoom,
    zoomMiddle(factor) {
      const { left, top, width, height } = box();
      zoom(factor, left + width / 2, top + height / 2);
    },
    fit: () => place(1, 0, 0),
    subscribe: (listener) => listeners.push(listener),
  };
}
