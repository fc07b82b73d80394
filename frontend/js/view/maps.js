/** Small grids of numbers as canvases whose alpha shows them, to be laid over the picture. */

import { fromBase64 } from "../lib/bytes.js";

/**
 * @param {ArrayLike<number>} values  0..1, row by row
 * @param {number} width
 * @param {number} height
 * @returns {HTMLCanvasElement}
 */
export function alphaMap(values, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    image.data.fill(255, 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = Math.round(255 * Math.max(0, Math.min(1, values[i])));
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * The grey values of a PNG, 0..255, row by row.
 *
 * @param {string} png  base64
 * @returns {Promise<{values: Uint8Array, width: number, height: number}>}
 */
export async function greyPixels(png) {
  const file = new Blob([fromBase64(png)], { type: "image/png" });
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const values = Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
  return { values, width: canvas.width, height: canvas.height };
}
