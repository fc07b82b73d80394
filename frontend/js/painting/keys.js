/**
 * Painting without a pointer, while the picture has the focus: arrows move the ring, Space puts a dab, Enter sets the
 * brush down and lifts it again.
 */

import { clamp } from "../picture/coordinates.js";
import { byId } from "../ui/dom.js";

/**
 * @param {import("./pointer.js").Gestures} gestures
 * @param {import("../view/ring.js").Ring} ring
 * @param {() => number} radius
 */
export function paintByKeys(gestures, ring, radius) {
  const stage = byId("stage", HTMLElement);
  let down = false;

  /** @param {[number, number]} at */
  function sample([x, y]) {
    return { x, y, pointerType: "keyboard", pressure: 0 };
  }

  function lift() {
    if (!down) return;
    down = false;
    gestures.end();
  }

  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = Math.max(0.01, radius() * 0.5) * (event.shiftKey ? 3 : 1);
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) {
      const [x, y] = ring.position();
      ring.moveTo(clamp(x + move[0] * step), clamp(y + move[1] * step));
      if (down) gestures.move([sample(ring.position())]);
      else gestures.hover(sample(ring.position()));
    } else if (event.key === "Enter") {
      ring.moveTo(...ring.position());
      if (down) lift();
      else {
        down = true;
        gestures.start(sample(ring.position()));
      }
    } else if (event.key === "Escape" && down) {
      down = false;
      gestures.cancel();
    } else if (event.code === "Space") {
      // With a drag, Space pans; alone it is a dab, once it is released.
    } else return;
    event.preventDefault();
  });

  let dragged = false;
  stage.addEventListener("pointerdown", () => {
    dragged = true;
    down = false;
  });
  window.addEventListener("keydown", (event) => {
    if (event.code === "Space" && !event.repeat) dragged = false;
  });
  stage.addEventListener("keyup", (event) => {
    if (event.code !== "Space" || event.target !== stage || dragged || down) return;
    ring.moveTo(...ring.position());
    gestures.start(sample(ring.position()));
    gestures.end();
  });
  stage.addEventListener("blur", () => {
    lift();
    ring.hide();
  });
  stage.addEventListener("focus", () => stage.matches(":focus-visible") && ring.moveTo(...ring.position()));
}
