/** From the bytes of a JPEG to what a canvas draws. */

/** Whoever has it closes it. @typedef {ImageBitmap | VideoFrame} Unpacked */

/**
 * Unpacks it apart from the page's own thread. A Blob would go to the browser's main process and back first, which takes
 * several times as long, the more so on a busy machine; but only some browsers do without, and only on safe origins.
 *
 * @param {Uint8Array<ArrayBuffer>} jpeg
 * @returns {Promise<Unpacked>} throws where it is damaged
 */
export async function unpacked(jpeg) {
  if (!("ImageDecoder" in window)) return createImageBitmap(new Blob([jpeg]));
  const decoder = new ImageDecoder({ data: jpeg, type: "image/jpeg" });
  try {
    return (await decoder.decode()).image;
  } finally {
    decoder.close();
  }
}

/** In pixels. @param {Unpacked} image */
export function sizeOf(image) {
  if ("displayWidth" in image) return { width: image.displayWidth, height: image.displayHeight };
  return { width: image.width, height: image.height };
}
