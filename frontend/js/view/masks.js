/** Drawing masks: for the tint under the brush, the hovered edit and the small pictures in the list. */

/** @typedef {import("../picture/document.js").Mask} Mask */
/** @typedef {import("../picture/document.js").Stroke} Stroke */

import { fromBase64 } from "../lib/bytes.js";
import { createCache } from "../lib/cache.js";
import { falsified, NOISE } from "./reading.js";

const MAX_PNG_SIDE = 2048; // the server's
const MAX_SHAPE_SIDE = 512; // of what is kept of one
const MAX_SHAPES = 64;
const SIGNATURE = [0x89504e47, 0x0d0a1a0a]; // a PNG's first bytes

/** @type {import("../lib/cache.js").Cache<{shape: HTMLCanvasElement | null, decoding: Promise<void>}>} */
const pngs = createCache(MAX_SHAPES);
/** @type {Promise<unknown>} */
let decoded = Promise.resolve(); // the last that was asked for: one at a time is unpacked
/** @type {WeakMap<object, HTMLCanvasElement>} */
const regions = new WeakMap();

/**
 * Remember what the segmenter takes a mask's region to be, again whenever it may have changed.
 *
 * @param {Mask} mask
 * @param {HTMLCanvasElement} shape  its alpha is the region
 */
export function rememberRegion(mask, shape) {
  if (mask) regions.set(mask, shape);
}

/** @param {Mask} mask */
export function regionOf(mask) {
  return mask ? regions.get(mask) : undefined;
}

/** Whether `fillMask` can draw it at once. @param {Mask} mask */
export function hasShape(mask) {
  if (mask === null || "strokes" in mask || "rect" in mask) return true;
  return "png" in mask ? Boolean(pngs.get(mask.png)?.shape) : regions.has(mask);
}

/** @param {Stroke[]} strokes */
export function asErasing(strokes) {
  return strokes.map((stroke) => ({ ...stroke, erase: true }));
}

/**
 * Fill the masked part of a canvas that is the picture's whole area, with the context's fillStyle, at its globalAlpha. A
 * region's shape is the server's to know: it stays empty until it is remembered.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Mask} mask
 * @param {() => void} [again]  called once a PNG mask has been decoded and can be drawn
 */
export function fillMask(context, mask, again = () => {}) {
  const takes = mask !== null && ("strokes" in mask ? mask.strokes.some(({ erase }) => erase) : mask.erase?.length);
  if (!takes) {
    fillWhole(context, mask, again);
    return;
  }
  // Erased apart, so that nothing else on the canvas is.
  const [canvas, own] = scratch(context.canvas);
  own.fillStyle = context.fillStyle;
  fillWhole(own, mask, again);
  if (!("strokes" in mask)) fillStrokes(own, asErasing(mask.erase ?? []));
  context.drawImage(canvas, 0, 0);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Mask} mask
 * @param {() => void} again
 */
function fillWhole(context, mask, again) {
  const { width, height } = context.canvas;
  if (mask === null) {
    context.fillRect(0, 0, width, height);
  } else if ("rect" in mask) {
    const [x0, y0, x1, y1] = mask.rect;
    context.fillRect(x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height);
  } else if ("strokes" in mask) {
    fillStrokes(context, mask.strokes);
  } else if ("png" in mask) {
    fillPng(context, mask.png, again);
  } else {
    fillShape(context, regions.get(mask));
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLCanvasElement | null | undefined} shape
 */
function fillShape(context, shape) {
  if (!shape) return;
  const [canvas, own] = scratch(context.canvas);
  own.drawImage(shape, 0, 0, canvas.width, canvas.height);
  own.globalCompositeOperation = "source-in";
  own.fillStyle = context.fillStyle;
  own.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(canvas, 0, 0);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke[]} strokes
 */
function fillStrokes(context, strokes) {
  const { width, height } = context.canvas;
  context.save();
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = context.fillStyle;
  for (const { points, radius, erase } of strokes) {
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    const [[x0, y0]] = points;
    context.beginPath();
    if (points.every(([x, y]) => x === x0 && y === y0)) {
      // A dab: not every browser draws a line of no length.
      context.arc(x0 * width, y0 * height, radius * width, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    context.lineWidth = 2 * radius * width;
    context.moveTo(x0 * width, y0 * height);
    for (const [x, y] of points) context.lineTo(x * width, y * height);
    context.stroke();
  }
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} png
 * @param {() => void} again
 */
function fillPng(context, png, again) {
  let entry = pngs.get(png);
  if (!entry) {
    const unpacked = decoded.then(() => decode(png));
    decoded = unpacked;
    /** @type {Promise<void>} */
    const decoding = unpacked.then((shape) => pngs.set(png, { shape, decoding }));
    entry = { shape: null, decoding };
    pngs.set(png, entry);
  }
  if (entry.shape) fillShape(context, entry.shape);
  else void entry.decoding.then(again);
}

/**
 * The mask's coverage as the alpha of a square canvas, by the server's rule: its alpha, or its luminance where that is opaque
 * everywhere. Where the page cannot read pixels, the alpha alone.
 *
 * @param {string} png  base64, or a data: URL of it
 * @returns {Promise<HTMLCanvasElement>}
 */
async function decode(png) {
  const canvas = document.createElement("canvas");
  let shape = scratch({ width: 1, height: 1 })[0];
  try {
    const file = fromBase64(png.slice(png.indexOf(",") + 1));
    const header = new DataView(file.buffer);
    if (SIGNATURE.some((word, i) => header.getUint32(4 * i) !== word)) throw new TypeError("no PNG");
    if (Math.max(header.getUint32(16), header.getUint32(20)) > MAX_PNG_SIDE) throw new TypeError("too large");
    const bitmap = await createImageBitmap(new Blob([file], { type: "image/png" }), { colorSpaceConversion: "none" });
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    if (falsified() <= NOISE) brightnessAsAlpha(context);
    const side = Math.min(MAX_SHAPE_SIDE, Math.max(canvas.width, canvas.height));
    const [small, own] = scratch({ width: side, height: side });
    own.imageSmoothingQuality = "high";
    own.drawImage(canvas, 0, 0, side, side);
    shape = small;
  } catch {
    // No shape.
  }
  canvas.width = canvas.height = 0; // its memory is not to wait until it is collected
  return shape;
}

/** Where it is opaque everywhere. @param {CanvasRenderingContext2D} context */
function brightnessAsAlpha(context) {
  const { width, height } = context.canvas;
  const image = context.getImageData(0, 0, width, height);
  const { data } = image;
  const opaque = 255 - falsified();
  for (let i = 3; i < data.length; i += 4) if (data[i] < opaque) return;
  for (let i = 0; i < data.length; i += 4) {
    data[i + 3] = 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
  }
  context.putImageData(image, 0, 0);
}

/**
 * An empty canvas of its own, as large as another.
 *
 * @param {{width: number, height: number}} size
 * @returns {[HTMLCanvasElement, CanvasRenderingContext2D]}
 */
export function scratch({ width, height }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  return [canvas, context];
}
