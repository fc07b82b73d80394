/** Animated GIFs (GIF89a), written by hand: 256 colours a frame by median cut, an ordered dither, LZW. */

const COLOURS = 256;
const CUBE = 32768; // colours of five bits a channel
const DITHER = 8; // levels
// Bayer's 4x4 matrix.
const BAYER = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5].map((rank) => (rank / 15 - 0.5) * DITHER);

/**
 * @typedef {object} Gif
 * @property {(pixels: Uint8ClampedArray, time: number) => void} add  a frame as RGBA, and how long it stands, in ms
 * @property {() => Blob} finish
 */

/**
 * @param {number} width  of the frames, in pixels
 * @param {number} height
 * @returns {Gif} which plays for ever
 */
export function createGif(width, height) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [
    bytes("GIF89a", [...short(width), ...short(height), 0x70, 0, 0]),
    bytes([0x21, 0xff, 11], "NETSCAPE2.0", [3, 1, 0, 0, 0]),
  ];
  return {
    add(pixels, time) {
      const { palette, indices } = reduced(pixels, width);
      parts.push(
        bytes([0x21, 0xf9, 4, 4, ...short(Math.round(time / 10)), 0, 0]),
        bytes([0x2c, 0, 0, 0, 0, ...short(width), ...short(height), 0x87]),
        palette,
        compressed(indices),
      );
    },
    finish: () => new Blob([...parts, bytes([0x3b])], { type: "image/gif" }),
  };
}

/**
 * The pixels in 256 colours of their own.
 *
 * @param {Uint8ClampedArray} pixels  RGBA
 * @param {number} width
 * @returns {{palette: Uint8Array<ArrayBuffer>, indices: Uint8Array}}
 */
function reduced(pixels, width) {
  const counts = new Uint32Array(CUBE);
  for (let i = 0; i < pixels.length; i += 4) counts[cell(pixels[i], pixels[i + 1], pixels[i + 2])] += 1;
  const palette = new Uint8Array(3 * COLOURS);
  const nearest = new Int16Array(CUBE).fill(-1);
  medianCut(counts).forEach((box, index) => {
    palette.set(mean(box, counts), 3 * index);
    for (const colour of box) nearest[colour] = index;
  });
  const indices = new Uint8Array(pixels.length / 4);
  for (let i = 0; i < indices.length; i += 1) {
    const shift = BAYER[4 * (Math.floor(i / width) % 4) + (i % width) % 4];
    const colour = cell(...within(pixels, 4 * i, shift));
    if (nearest[colour] < 0) nearest[colour] = closest(palette, colour);
    indices[i] = nearest[colour];
  }
  return { palette, indices };
}

/**
 * @param {Uint8ClampedArray} pixels
 * @param {number} at
 * @param {number} shift
 * @returns {[number, number, number]}
 */
function within(pixels, at, shift) {
  /** @param {number} value */
  const moved = (value) => Math.max(0, Math.min(255, value + shift));
  return [moved(pixels[at]), moved(pixels[at + 1]), moved(pixels[at + 2])];
}

/** @param {number} r @param {number} g @param {number} b  0..255 */
function cell(r, g, b) {
  return ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3);
}

/** @param {number} colour @param {number} channel */
function level(colour, channel) {
  return (((colour >> (10 - 5 * channel)) & 31) << 3) | 4;
}

/**
 * Heckbert's median cut (1982): the box of colours that spreads widest, for as many pixels as it has, is halved.
 *
 * @param {Uint32Array} counts  pixels of each colour of the cube
 * @returns {number[][]} at most 256 boxes of colours
 */
function medianCut(counts) {
  const boxes = [measured([...counts.keys()].filter((colour) => counts[colour]), counts)];
  while (boxes.length < COLOURS) {
    const widest = boxes.reduce((best, box) => (box.weight > best.weight ? box : best));
    if (widest.weight === 0) break;
    const { colours, channel, pixels } = widest;
    colours.sort((a, b) => level(a, channel) - level(b, channel));
    let before = 0;
    let cut = 0;
    while (cut < colours.length - 1 && (cut === 0 || before < pixels / 2)) before += counts[colours[cut++]];
    boxes.splice(boxes.indexOf(widest), 1, measured(colours.slice(0, cut), counts), measured(colours.slice(cut), counts));
  }
  return boxes.map(({ colours }) => colours);
}

/**
 * @param {number[]} colours
 * @param {Uint32Array} counts
 */
function measured(colours, counts) {
  const pixels = colours.reduce((sum, colour) => sum + counts[colour], 0);
  const spreads = [0, 1, 2].map((channel) => {
    const levels = colours.map((colour) => level(colour, channel));
    return Math.max(...levels) - Math.min(...levels);
  });
  const spread = Math.max(...spreads);
  return { colours, pixels, channel: spreads.indexOf(spread), weight: spread * Math.sqrt(pixels) };
}

/**
 * @param {number[]} box
 * @param {Uint32Array} counts
 */
function mean(box, counts) {
  const pixels = box.reduce((sum, colour) => sum + counts[colour], 0);
  return [0, 1, 2].map((channel) => box.reduce((sum, colour) => sum + counts[colour] * level(colour, channel), 0) / pixels);
}

/** @param {Uint8Array} palette @param {number} colour */
function closest(palette, colour) {
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < COLOURS; i += 1) {
    let distance = 0;
    for (let channel = 0; channel < 3; channel += 1) distance += (palette[3 * i + channel] - level(colour, channel)) ** 2;
    if (distance < least) [least, best] = [distance, i];
  }
  return best;
}

/**
 * Lempel, Ziv and Welch's compression as GIF has it: codes of 9 to 12 bits, least bit first, in blocks of 255 bytes.
 *
 * @param {Uint8Array} indices
 */
function compressed(indices) {
  const clear = COLOURS;
  const end = COLOURS + 1;
  const codes = new Int16Array(4096 * COLOURS).fill(-1); // [code * 256 + index] -> the code of both
  /** @type {number[]} */
  const packed = [];
  let buffer = 0;
  let bits = 0;
  let width = 9;
  let next = end + 1;

  /** @param {number} code */
  function put(code) {
    buffer |= code << bits;
    for (bits += width; bits >= 8; bits -= 8) {
      packed.push(buffer & 255);
      buffer >>= 8;
    }
  }

  put(clear);
  let prefix = indices[0];
  for (let i = 1; i < indices.length; i += 1) {
    const key = prefix * COLOURS + indices[i];
    if (codes[key] >= 0) {
      prefix = codes[key];
      continue;
    }
    put(prefix);
    prefix = indices[i];
    if (next === 4096) {
      put(clear);
      codes.fill(-1);
      [next, width] = [end + 1, 9];
    } else {
      if (next === 1 << width) width += 1;
      codes[key] = next;
      next += 1;
    }
  }
  put(prefix);
  put(end);
  if (bits) packed.push(buffer & 255);
  const blocks = [8];
  for (let at = 0; at < packed.length; at += 255) {
    const block = packed.slice(at, at + 255);
    blocks.push(block.length, ...block);
  }
  return bytes(blocks, [0]);
}

/** @param {number} value */
function short(value) {
  return [value & 255, value >> 8];
}

/**
 * @param {...(string | number[])} parts
 * @returns {Uint8Array<ArrayBuffer>}
 */
function bytes(...parts) {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part)));
}
