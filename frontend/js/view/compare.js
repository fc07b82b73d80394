/** Before and after: hold a button or key to see the unedited picture, or slide between the two. */

import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { fill } from "../panels/controls.js";
import { t } from "../ui/i18n.js";

/**
 * @typedef {object} Compare
 * @property {(held: boolean) => void} hold
 * @property {() => void} toggleSplit
 * @property {() => void} refresh  the picture is another one
 */

/**
 * @param {import("./canvas.js").PictureCanvas} canvas
 * @param {() => Promise<ImageBitmap | null>} loadBefore
 * @returns {Compare}
 */
export function createCompare(canvas, loadBefore) {
  const button = byId("compare", HTMLButtonElement);
  const toggle = byId("split-toggle", HTMLButtonElement);
  const slider = byId("split", HTMLInputElement);
  const tag = byId("compare-tag", HTMLElement);
  let held = false;

  async function show() {
    const split = held ? 1 : slider.hidden ? 0 : Number(slider.value) / 1000;
    tag.hidden = !held;
    button.classList.toggle("pressed", held);
    canvas.setSplit(split);
    if (split > 0) canvas.setBefore(await loadBefore());
  }

  /** @param {boolean} value */
  function hold(value) {
    if (held === value) return;
    held = value;
    announce(t(held ? "before" : "after"));
    void show();
  }

  function toggleSplit() {
    slider.hidden = !slider.hidden;
    toggle.setAttribute("aria-pressed", String(!slider.hidden));
    if (!slider.hidden) {
      fill(slider, 500);
      slider.focus();
    }
    void show();
  }

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    hold(true);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
    button.addEventListener(name, () => hold(false));
  }
  button.addEventListener("keydown", (event) => {
    if (event.key === " " || event.key === "Enter") hold(true);
  });
  button.addEventListener("keyup", () => hold(false));
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  toggle.addEventListener("click", toggleSplit);
  slider.addEventListener("input", () => {
    fill(slider, Number(slider.value));
    void show();
  });
  window.addEventListener("blur", () => hold(false));

  return { hold, toggleSplit, refresh: () => void show() };
}
