/** What a booth shows while nobody is there: it paints a little in one scene after the other. */

import { pause } from "../lib/time.js";
import { shortSeed } from "../picture/seeds.js";

const STROKES = 6; // in a scene
const STROKE_POINTS = 26;
const BRUSHES = 8; // of the best, that it paints with

/**
 * @typedef {object} ShowParts
 * @property {import("../painting/painter.js").Painter} painter
 * @property {import("../view/ring.js").Ring} ring
 * @property {(values: {concept: string, mode: import("../picture/document.js").Op}) => void} choose  a brush
 * @property {() => string[]} concepts
 * @property {(seed?: number) => void} restart  a fresh scene without any history
 */

/**
 * @param {ShowParts} parts
 * @param {() => boolean} goesOn
 */
export async function playShow({ painter, ring, choose, concepts, restart }, goesOn) {
  while (goesOn()) {
    restart(shortSeed());
    await pause(2500);
    for (let i = 0; i < STROKES && goesOn(); i += 1) {
      await stroke();
      await pause(1400);
    }
    await pause(2500);
  }

  async function stroke() {
    const names = concepts();
    const concept = names[Math.floor(Math.random() * Math.min(BRUSHES, names.length))];
    if (!concept) return;
    choose({ concept, mode: "draw" });
    const high = concept === "sky" || concept === "cloud";
    const x0 = 0.15 + 0.5 * Math.random();
    const y0 = high ? 0.1 + 0.2 * Math.random() : 0.5 + 0.3 * Math.random();
    const reach = 0.12 + 0.18 * Math.random();
    let stroke;
    for (let i = 0; i <= STROKE_POINTS; i += 1) {
      if (!goesOn()) return;
      const s = i / STROKE_POINTS;
      const sample = { x: x0 + reach * s, y: y0 + 0.05 * Math.sin(5 * s), pointerType: "booth", pressure: 0 };
      ring.moveTo(sample.x, sample.y);
      if (stroke) stroke.move([sample]);
      else stroke = painter.start(sample);
      await pause(45);
    }
    if (goesOn()) stroke?.end();
  }
}
