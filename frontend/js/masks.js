/** Drawing masks: for the tint under the brush, the hovered edit and the small pictures in the list. */

/** @typedef {import("./types.js").Mask} Mask */
/** @typedef {import("./types.js").Stroke} Stroke */

/** @type {Map<string, HTMLCanvasElement | null>} */
const decoded = new Map();
/** @type {WeakMap<object, HTMLCanvasElement>} */
const regions = new WeakMap();

/**
 * What the server takes a region to be is known while the page that picked it is open.
 *
 * @param {import("./types.js").Mask} mask
 * @param {HTMLCanvasElement} shape  its alpha is the region
 */
export function rememberRegion(mask, shape) {
  if (mask) regions.set(mask, shape);
}

/**
 * Fill the masked part of a square canvas with the context's fillStyle. A region's shape is the server's to know: it
 * stays empty unless `rememberRegion` was told.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Mask} mask
 * @param {number} size  the canvas' side in pixels
 * @param {() => void} [again]  called once a PNG mask has been decoded and can be drawn
 */
export function fillMask(context, mask, size, again = () => {}) {
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
  const colour = shape?.getContext("2d");
  if (!shape || !colour) return;
  colour.globalCompositeOperation = "source-in";
  colour.fillStyle = context.fillStyle;
  colour.fillRect(0, 0, shape.width, shape.height);
  context.drawImage(shape, 0, 0, size, size);
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
  const taken = strokes.map((stroke) => ({ ...stroke, erase: true }));
  /** @type {Mask} */
  let rest;
  if (mask === null) rest = { strokes: [{ points: [[0.5, 0.5]], radius: 1 }, ...taken] };
  else if ("strokes" in mask) rest = { strokes: [...mask.strokes, ...taken] };
  else if ("concept" in mask) return mask;
  else rest = { png: rasterised(mask, taken) };
  return covers(rest) ? rest : undefined;
}

/**
 * @param {Mask} mask
 * @param {Stroke[]} taken
 */
function rasterised(mask, taken) {
  const size = 256;
  const [canvas, context] = scratch(size);
  fillMask(context, mask, size);
  fillStrokes(context, taken, size);
  return canvas.toDataURL("image/png").split(",")[1];
}

/** @param {Mask} mask */
function covers(mask) {
  if (mask !== null && "png" in mask) return true;
  const size = 64;
  const [, context] = scratch(size);
  fillMask(context, mask, size);
  return context.getImageData(0, 0, size, size).data.some((value, i) => i % 4 === 3 && value > 40);
}

/**
 * Whether two masks may touch; measured on a small grid.
 *
 * @param {Mask} mask
 * @param {Stroke[]} strokes
 */
export function touches(mask, strokes) {
  const size = 64;
  const [, context] = scratch(size);
  fillMask(context, mask, size);
  context.globalCompositeOperation = "destination-in";
  const [other, otherContext] = scratch(size);
  fillStrokes(otherContext, strokes, size);
  context.drawImage(other, 0, 0);
  return context.getImageData(0, 0, size, size).data.some((value, i) => i % 4 === 3 && value > 40);
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
