/**
 * Give a canvas the pixels that the screen has where it lies.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} largest  pixels of its longer side, at most
 * @returns {boolean} whether it has others now, and is empty
 */
export function fitToScreen(canvas, largest) {
  const { clientWidth, clientHeight } = canvas;
  const scale = Math.min(window.devicePixelRatio || 1, largest / Math.max(clientWidth, clientHeight));
  const [width, height] = [clientWidth, clientHeight].map((side) => Math.round(side * scale));
  if (!width || !height || (width === canvas.width && height === canvas.height)) return false;
  Object.assign(canvas, { width, height });
  return true;
}

/**
 * The size of a small picture of something, as large as its longer side may be.
 *
 * @param {{width: number, height: number}} of
 * @param {number} side  pixels
 */
export function fitted({ width, height }, side) {
  const scale = side / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
