/** Small grids of numbers as canvases whose alpha shows them, to be laid over the picture. */

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
