/** A QR code of a text, as an SVG that scales. */

import { qrRows } from "../server/api.js";
import { svg } from "../ui/icons.js";

const QUIET = 4; // cells of white around it, as the standard asks

/**
 * @param {string} text
 * @returns {Promise<SVGElement>}
 */
export async function qrCode(text) {
  const rows = await qrRows(text);
  let path = "";
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) if (row[x] === "1") path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  });
  const side = rows.length + 2 * QUIET;
  return svg(`<rect width="${side}" height="${side}" fill="#fff"/><path d="${path}" fill="#000"/>`, side);
}
