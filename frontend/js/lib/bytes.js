/** Bytes to text and back, and compression where the browser has it. */

export const MAX_INFLATED = 8 * 2 ** 20;

/** Raised for what is larger than the page reads. */
export class TooLarge extends Error {}

const SLICE = 1024; // bytes: what one of them inflates to, at most a thousand times as much, comes at once

/** @param {Uint8Array} bytes */
export function toBase64Url(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text */
export function fromBase64Url(text) {
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {CompressionFormat} format
 */
export async function compress(bytes, format) {
  const answer = new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream(format)));
  return new Uint8Array(await answer.arrayBuffer());
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {CompressionFormat} format
 * @returns {Promise<Uint8Array<ArrayBuffer>>} throws TooLarge, having stopped, past MAX_INFLATED; TypeError for what is
 *   damaged
 */
export async function decompress(bytes, format) {
  let at = 0;
  const slices = new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes.length) controller.close();
        else controller.enqueue(bytes.subarray(at, (at += SLICE)));
      },
    },
    { highWaterMark: 0 },
  );
  const reader = slices.pipeThrough(new DecompressionStream(format)).getReader();
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let length = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    length += part.value.length;
    if (length <= MAX_INFLATED) continue;
    await reader.cancel();
    throw new TooLarge(`inflates past ${MAX_INFLATED} bytes`);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * A text in UTF-8 or UTF-16, with a byte-order mark or without, as JSON may come.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export function decodeText(bytes) {
  const [first, second] = bytes;
  const little = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0);
  return new TextDecoder(little ? "utf-16le" : big ? "utf-16be" : "utf-8").decode(bytes);
}
