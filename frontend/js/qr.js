/** A QR code of a text, as an SVG that scales. */

import { svg } from "./icons.js";

const QUIET = 4; // cells of white around it, as the standard asks

/**
 * @param {string} text
 * @returns {Promise<SVGElement>}
 */
export async function qrCode(text) {
  const { default: qrcode } = await import("../vendor/qrcode-generator/qrcode.js");
  const code = qrcode(0, "M");
  code.addData(text);
  code.make();
  const cells = code.getModuleCount();
  let path = "";
  for (let y = 0; y < cells; y += 1) {
    for (let x = 0; x < cells; x += 1) if (code.isDark(y, x)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  }
  const side = cells + 2 * QUIET;
  return svg(`<rect width="${side}" height="${side}" fill="#fff"/><path d="${path}" fill="#000"/>`, side);
}
