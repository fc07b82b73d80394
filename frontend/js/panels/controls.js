/** Mode, size and strength of the brush. */

/** @typedef {import("../painting/brush.js").BrushStore} BrushStore */

import { byId } from "../ui/dom.js";
import { setPreference } from "../ui/preferences.js";
import { setUpRadios } from "../ui/radio.js";
import { setSlider } from "../ui/slider.js";

const SMALLEST = 0.012;
const LARGEST = 0.3;

/**
 * @param {BrushStore} brush
 * @param {() => void} onSize  somebody moved the slider of the size
 */
export function setUpControls(brush, onSize) {
  const size = byId("size", HTMLInputElement);
  const strength = byId("strength", HTMLInputElement);
  const mark = setUpRadios(byId("mode", HTMLElement), (mode) => brush.set({ mode: mode === "remove" ? "remove" : "draw" }));

  size.addEventListener("input", () => {
    brush.set({ radius: radiusAt(Number(size.value)) });
    onSize();
  });
  strength.addEventListener("input", () => brush.set({ strength: Number(strength.value) / 100 }));

  function show() {
    const { mode, radius, strength: value } = brush.get();
    document.body.dataset.mode = mode;
    mark(mode);
    setSlider(size, positionOf(radius));
    setSlider(strength, Math.round(value * 100));
    byId("size-out", HTMLOutputElement).textContent = `${Math.round(radius * 200)} %`;
    byId("strength-out", HTMLOutputElement).textContent = `${Math.round(value * 100)} %`;
  }

  brush.subscribe(({ mode, concept, radius, strength: value, exact }) => {
    show();
    setPreference("brush", { mode, concept, radius, strength: value, exact });
  });
  show();
}

/**
 * Slider positions grow with the square root of the radius, so that small brushes can be set finely.
 *
 * @param {number} position  0..100
 */
function radiusAt(position) {
  return Math.round((SMALLEST + (LARGEST - SMALLEST) * (position / 100) ** 2) * 1e4) / 1e4;
}

/** @param {number} radius */
function positionOf(radius) {
  return Math.round(100 * Math.sqrt(Math.max(0, Math.min(1, (radius - SMALLEST) / (LARGEST - SMALLEST)))));
}

/**
 * The brush one step larger or smaller.
 *
 * @param {BrushStore} brush
 * @param {1 | -1} step
 */
export function stepSize(brush, step) {
  const position = Math.max(0, Math.min(100, positionOf(brush.get().radius) + 6 * step));
  brush.set({ radius: radiusAt(position) });
}
