/** Whether what is read from a canvas is what was drawn: some browsers falsify it, so that nobody is recognised. */

import { t } from "../ui/i18n.js";
import { notify } from "../ui/notices.js";
import { preference, setPreference } from "../ui/preferences.js";

const SIDE = 16;

/** @type {number | undefined} */
let wrong;

/** Less than this is noise that nobody sees. */
export const NOISE = 16;

/** @returns {number} by how much of 255 a value read is another than the one written, at most; 0 in most browsers */
export function falsified() {
  return (wrong ??= measure());
}

/** Say it once, where it is so. */
export function tellFalsified() {
  if (!falsified() || preference("falsified")) return;
  setPreference("falsified", true);
  notify(t("canvas.falsified"));
}

function measure() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return 255;
  const written = context.createImageData(SIDE, SIDE);
  written.data.forEach((_, i, data) => (data[i] = i % 4 === 3 ? 255 : (i * 53) % 256));
  context.putImageData(written, 0, 0);
  try {
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    return data.reduce((most, value, i) => Math.max(most, Math.abs(value - written.data[i])), 0);
  } catch {
    return 255;
  }
}
