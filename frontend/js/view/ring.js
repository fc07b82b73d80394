/** The ring that shows where and how large the brush is. */

import { byId } from "../ui/dom.js";

/**
 * @typedef {object} Ring
 * @property {(x: number, y: number) => void} moveTo  in the picture's coordinates
 * @property {() => void} hide
 * @property {() => void} preview  in the middle for a moment, as when the size changes
 * @property {() => [number, number]} position
 */

/**
 * @param {import("./view.js").View} view
 * @param {() => number} radius  in fractions of the picture's width
 * @returns {Ring}
 */
export function createRing(view, radius) {
  const ring = byId("ring", HTMLElement);
  /** @type {[number, number]} */
  let at = [0.5, 0.5];
  let previewing = false;
  let size = 0;
  /** @type {number | undefined} */
  let timer;

  function place() {
    const [x, y] = view.toStage(...at);
    const wanted = Math.max(4, 2 * radius() * view.width());
    if (wanted !== size) ring.style.width = ring.style.height = `${(size = wanted)}px`;
    ring.style.transform = `translate(${x - size / 2}px, ${y - size / 2}px)`;
  }

  function hide() {
    ring.hidden = true;
    previewing = false;
  }

  view.subscribe(place);
  return {
    moveTo(x, y) {
      clearTimeout(timer);
      previewing = false;
      at = [x, y];
      ring.hidden = false;
      place();
    },
    hide,
    preview() {
      if (!ring.hidden && !previewing) {
        place();
        return;
      }
      at = [0.5, 0.5];
      ring.hidden = false;
      previewing = true;
      place();
      clearTimeout(timer);
      timer = setTimeout(hide, 900);
    },
    position: () => at,
  };
}
