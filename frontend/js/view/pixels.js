/**
 * The pixels that the screen has where a canvas lies.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} largest  of its longer side, at most
 */
export function onScreen({ clientWidth, clientHeight }, largest) {
  const scale = Math.min(window.devicePixelRatio || 1, largest / Math.max(1, clientWidth, clientHeight));
  return { width: Math.round(clientWidth * scale), height: Math.round(clientHeight * scale) };
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
