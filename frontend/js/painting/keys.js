/**
 * Painting without a pointer, while the picture has the focus: arrows move the ring, Space puts a dab, Enter sets the
 * brush down and lifts it again.
 */

import { clamp } from "../picture/coordinates.js";
import { byId } from "../ui/dom.js";
import { MOMENT } from "./gestures.js";

/**
 * @param {import("./gestures.js").Gestures} gestures
 * @param {import("../view/ring.js").Ring} ring
 * @param {() => number} radius
 * @param {() => number} aspect  of the picture, its width over its height
 */
export function paintByKeys(gestures, ring, radius, aspect) {
  const stage = byId("stage", HTMLElement);
  let stroke = MOMENT;
  let dab = false; // Space went down on the picture, and has not been used for anything else since

  /** @param {[number, number]} at */
  function sample([x, y]) {
    return { x, y, pointerType: "keyboard", pressure: 0 };
  }

  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = Math.max(0.01, radius() * 0.5) * (event.shiftKey ? 3 : 1);
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    // With a drag, Space pans; alone it is a dab, once it is released.
    if (!move && event.key !== "Enter" && event.code !== "Space") return;
    event.preventDefault();
    if (event.code === "Space" && !event.repeat) dab = !gestures.active();
    const down = stroke.unfinished();
    // The ring is with the pointer that paints.
    if (gestures.active() && !down) return;
    if (move) {
      const [x, y] = ring.position();
      ring.moveTo(clamp(x + move[0] * step), clamp(y + move[1] * step * aspect()));
      if (down) stroke.move([sample(ring.position())]);
      else gestures.hover(sample(ring.position()));
    } else if (event.key === "Enter" && !event.repeat) {
      if (down) stroke.end();
      else stroke = gestures.start(sample(ring.position()));
    }
  });

  stage.addEventListener("pointerdown", () => (dab = false));
  stage.addEventListener("keyup", (event) => {
    if (event.code !== "Space" || !dab || gestures.active()) return;
    dab = false;
    gestures.start(sample(ring.position())).end();
  });
  stage.addEventListener("blur", () => {
    dab = false;
    stroke.end();
    ring.hide();
  });
  stage.addEventListener("focus", () => stage.matches(":focus-visible") && ring.moveTo(...ring.position()));
}
