/** Drawing masks: for the tint under the brush, the hovered edit and the small pictures in the list. */

/** @typedef {import("../picture/types.js").Mask} Mask */
/** @typedef {import("../picture/types.js").Stroke} Stroke */

import { MAX_POINTS, fit } from "../painting/strokes.js";

const SMALL = 64; // pixels: the grid on which masks are compared

/** @type {Map<string, HTMLCanvasElement | null>} */
const decoded = new Map();
/** @type {WeakMap<object, HTMLCanvasElement>} */
const regions = new WeakMap();

/**
 * What the segmenter takes a region to be; the mask of an edit is told again whenever it may have changed.
 *
 * @param {Mask} mask
 * @param {HTMLCanvasElement} shape  its alpha is the region
 */
export function rememberRegion(mask, shape) {
  if (mask) regions.set(mask, shape);
}

/**
 * Fill the masked part of a square canvas with the context's fillStyle, at its globalAlpha. A region's shape is the
 * server's to know: it stays empty until `rememberRegion` was told.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Mask} mask
 * @param {number} size  the canvas' side in pixels
 * @param {() => void} [again]  called once a PNG mask has been decoded and can be drawn
 */
export function fillMask(context, mask, size, again = () => {}) {
  const takes = mask !== null && ("strokes" in mask ? mask.strokes.some(({ erase }) => erase) : mask.erase?.length);
  if (!takes) {
    fillWhole(context, mask, size, again);
    return;
  }
  // Erased apart, so that nothing else on the canvas is.
  const [canvas, own] = scratch(size);
  own.fillStyle = context.fillStyle;
  fillWhole(own, mask, size, again);
  if (!("strokes" in mask)) fillStrokes(own, erasing(mask.erase ?? []), size);
  context.drawImage(canvas, 0, 0);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Mask} mask
 * @param {number} size
 * @param {() => void} again
 */
function fillWhole(context, mask, size, again) {
  if (mask === null) {
    context.fillRect(0, 0, size, size);
  } else if ("rect" in mask) {
    const [x0, y0, x1, y1] = mask.rect;
    context.fillRect(x0 * size, y0 * size, (x1 - x0) * size, (y1 - y0) * size);
  } else if ("strokes" in mask) {
    fillStrokes(context, mask.strokes, size);
  } else if ("png" in mask) {
    fillPng(context, mask.png, size, again);
  } else {
    fillShape(context, regions.get(mask), size);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLCanvasElement | null | undefined} shape
 * @param {number} size
 */
function fillShape(context, shape, size) {
  if (!shape) return;
  const [canvas, own] = scratch(size);
  own.drawImage(shape, 0, 0, size, size);
  own.globalCompositeOperation = "source-in";
  own.fillStyle = context.fillStyle;
  own.fillRect(0, 0, size, size);
  context.drawImage(canvas, 0, 0);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke[]} strokes
 * @param {number} size
 */
export function fillStrokes(context, strokes, size) {
  context.save();
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = context.fillStyle;
  for (const { points, radius, erase } of strokes) {
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    context.lineWidth = 2 * radius * size;
    context.beginPath();
    context.moveTo(points[0][0] * size, points[0][1] * size);
    for (const [x, y] of points) context.lineTo(x * size, y * size);
    context.stroke();
  }
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} png
 * @param {number} size
 * @param {() => void} again
 */
function fillPng(context, png, size, again) {
  const mask = decoded.get(png);
  if (mask === undefined) {
    decoded.set(png, null);
    void decode(png).then((canvas) => {
      decoded.set(png, canvas);
      again();
    });
  }
  fillShape(context, mask, size);
}

/**
 * The mask's coverage as the alpha of a canvas: its alpha, or its luminance where everything is opaque.
 *
 * @param {string} png  base64
 * @returns {Promise<HTMLCanvasElement>}
 */
async function decode(png) {
  const canvas = document.createElement("canvas");
  try {
    const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(bitmap, 0, 0);
    const image = context.getImageData(0, 0, canvas.width, canvas.height);
    const { data } = image;
    let opaque = true;
    for (let i = 3; i < data.length; i += 4) opaque &&= data[i] === 255;
    if (opaque) {
      for (let i = 0; i < data.length; i += 4) {
        data[i + 3] = 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
      }
      context.putImageData(image, 0, 0);
    }
  } catch {
    canvas.width = canvas.height = 1;
  }
  return canvas;
}

/**
 * The mask without what the eraser's strokes cover; undefined where nothing is left of it.
 *
 * @param {Mask} mask
 * @param {Stroke[]} strokes
 * @returns {Mask | undefined}
 */
export function erased(mask, strokes) {
  /** @type {Mask} */
  let rest;
  if (mask === null) rest = { rect: [0, 0, 1, 1], erase: strokes };
  else if ("strokes" in mask) rest = { strokes: bounded([...mask.strokes, ...erasing(strokes)]) };
  else rest = { ...mask, erase: bounded([...(mask.erase ?? []), ...strokes]) };
  const shape = mask && regions.get(mask);
  if (shape) regions.set(rest, shape);
  return shows(rest) ? rest : undefined;
}

/** However often a mask was erased from, it has no more points than the server takes. @param {Stroke[]} strokes */
function bounded(strokes) {
  const points = strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
  return points > MAX_POINTS ? fit(strokes) : strokes;
}

/** @param {Stroke[]} strokes */
function erasing(strokes) {
  return strokes.map((stroke) => ({ ...stroke, erase: true }));
}

/**
 * Whether the mask covers anything, or may, as its shape is not known yet.
 *
 * @param {Mask} mask
 */
function shows(mask) {
  return !drawable(mask) || anything(drawn(mask));
}

/**
 * Whether a stroke touches the mask, or may; measured on a small grid.
 *
 * @param {Mask} mask
 * @param {Stroke[]} strokes
 */
export function touches(mask, strokes) {
  if (!drawable(mask)) return true;
  const context = drawn(mask);
  context.globalCompositeOperation = "destination-in";
  context.drawImage(drawn({ strokes }).canvas, 0, 0);
  return anything(context);
}

/** @param {Mask} mask */
function drawable(mask) {
  if (mask === null || "strokes" in mask || "rect" in mask) return true;
  return "png" in mask ? Boolean(decoded.get(mask.png)) : regions.has(mask);
}

/** @param {Mask} mask */
function drawn(mask) {
  const [, context] = scratch(SMALL);
  fillMask(context, mask, SMALL);
  return context;
}

/** @param {CanvasRenderingContext2D} context */
function anything(context) {
  return context.getImageData(0, 0, SMALL, SMALL).data.some((value, i) => i % 4 === 3 && value > 40);
}

/**
 * @param {number} size
 * @returns {[HTMLCanvasElement, CanvasRenderingContext2D]}
 */
function scratch(size) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  return [canvas, context];
}
