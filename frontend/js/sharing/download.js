/** Saving a file from the page. */

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function saveFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {import("../picture/types.js").Picture} picture */
export function fileName(picture) {
  return `unitbrush-${picture.model}-${picture.seed ?? "z"}`;
}
