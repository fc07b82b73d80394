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

  /** @param {number} newScale @param {number} newX @param {number} newY */
  function place(newScale, newX, newY) {
    const { clientWidth: width, clientHeight: height } = stage;
    scale = Math.max(1, Math.min(MAX_SCALE, newScale));
    x = Math.min(0, Math.max(width * (1 - scale), newX));
    y = Math.min(0, Math.max(height * (1 - scale), newY));
    view.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    for (const listener of listeners) listener();
  }

  new ResizeObserver(() => place(scale, x, y)).observe(stage);

  /** @param {number} factor @param {number} clientX @param {number} clientY */
  function zoom(factor, clientX, clientY) {
    const box = stage.getBoundingClientRect();
    const next = Math.max(1, Math.min(MAX_SCALE, scale * factor));
    const ratio = next / scale;
    const px = clientX - box.left;
    const py = clientY - box.top;
    place(next, px - (px - x) * ratio, py - (py - y) * ratio);
  }

  return {
    toPicture(clientX, clientY) {
      const box = stage.getBoundingClientRect();
      return [(clientX - box.left - x) / (box.width * scale), (clientY - box.top - y) / (box.height * scale)];
    },
    toStage: (px, py) => [px * stage.clientWidth * scale + x, py * stage.clientHeight * scale + y],
    frame() {
      const [width, height] = [stage.clientWidth * scale, stage.clientHeight * scale];
      return [-x / width, -y / height, (stage.clientWidth - x) / width, (stage.clientHeight - y) / height];
    },
    scale: () => scale,
    width: () => stage.clientWidth * scale,
    aspect: () => stage.clientWidth / stage.clientHeight,
    pan: (dx, dy) => place(scale, x + dx, y + dy),
    zoom,
    zoomMiddle(factor) {
      const box = stage.getBoundingClientRect();
      zoom(factor, box.left + box.width / 2, box.top + box.height / 2);
    },
    fit: () => place(1, 0, 0),
    subscribe: (listener) => listeners.push(listener),
  };
}
