/** Sliders whose track is filled up to where they stand. */

/**
 * @param {HTMLInputElement} slider
 * @param {number} value
 */
export function setSlider(slider, value) {
  slider.value = String(value);
  const [min, max] = [Number(slider.min), Number(slider.max)];
  slider.style.setProperty("--fill", `${max > min ? (100 * (value - min)) / (max - min) : 100}%`);
}

/**
 * Have dragging a slider be one gesture.
 *
 * @param {HTMLInputElement} slider
 * @param {import("../lib/gesturing.js").Gesturing} gesturing
 * @param {object} on
 * @param {(value: number) => void} on.drag  it stands there now
 * @param {(value: number) => void} on.end  it was left there
 * @param {() => void} on.cancel  nothing is to come of it
 */
export function gestureOf(slider, gesturing, { drag, end, cancel }) {
  let value = 0;
  let cancelled = false; // while it is still being dragged
  const gesture = {
    end: () => end(value),
    cancel() {
      cancelled = true;
      cancel();
    },
  };
  slider.addEventListener("input", () => {
    if (cancelled) {
      cancel();
      return;
    }
    value = Number(slider.value);
    if (!gesturing.active(gesture)) gesturing.begin(gesture);
    drag(value);
  });
  slider.addEventListener("change", () => gesturing.active(gesture) && gesturing.end());
  for (const name of ["pointerdown", "keydown"]) slider.addEventListener(name, () => (cancelled = false));
}
