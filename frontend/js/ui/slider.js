/** Sliders whose track is filled up to where they stand. */

/**
 * @param {HTMLInputElement} slider
 * @param {number} value
 */
export function setSlider(slider, value) {
  slider.value = String(value);
  const [min, max] = [Number(slider.min), Number(slider.max)];
  slider.style.setProperty("--fill", `${(100 * (value - min)) / (max - min)}%`);
}
