/** Before and after: hold a button or key to see the unedited picture, or slide between the two. */

import { createLatest } from "../lib/latest.js";
import { withoutEdits } from "../picture/changes.js";
import { announce } from "../ui/announce.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";
import { setSlider } from "../ui/slider.js";

/**
 * @typedef {object} Compare
 * @property {(pressed: boolean) => void} hold
 * @property {() => void} refresh  the picture is another one
 */

/**
 * @param {object} parts
 * @param {import("./canvas.js").PictureCanvas} parts.canvas
 * @param {import("../server/images.js").Images} parts.images
 * @param {() => import("../picture/document.js").Picture} parts.visible  the present picture, published
 * @returns {Compare}
 */
export function createCompare({ canvas, images, visible }) {
  const button = byId("compare", HTMLButtonElement);
  const toggle = byId("split-toggle", HTMLButtonElement);
  const slider = byId("split", HTMLInputElement);
  const tag = byId("compare-tag", HTMLElement);
  const latest = createLatest();
  let pressed = false;

  async function show() {
    const isLatest = latest();
    const split = pressed ? 1 : slider.hidden ? 0 : Number(slider.value) / 1000;
    tag.hidden = !pressed;
    button.classList.toggle("pressed", pressed);
    canvas.setSplit(split);
    if (split === 0) return;
    const before = await images.load(withoutEdits(visible())).catch(() => null);
    if (isLatest()) canvas.setBefore(before?.bitmap ?? null);
  }

  /** @param {boolean} value */
  function hold(value) {
    if (pressed === value) return;
    pressed = value;
    announce(t(pressed ? "before" : "after"));
    void show();
  }

  function toggleSplit() {
    slider.hidden = !slider.hidden;
    toggle.setAttribute("aria-pressed", String(!slider.hidden));
    if (!slider.hidden) {
      setSlider(slider, 500);
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
    setSlider(slider, Number(slider.value));
    void show();
  });
  window.addEventListener("blur", () => hold(false));

  return { hold, refresh: () => void show() };
}
