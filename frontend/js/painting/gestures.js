/** What a gesture means: a stroke, a pick or a look inside, by the chosen tool. */

/**
 * A place of a pointer in the picture's coordinates. `frame` is what of the picture can be seen, all of it where it is
 * left out; `eraser` says that it is the other end of a pen.
 *
 * @typedef {object} Sample
 * @property {number} x
 * @property {number} y
 * @property {string} pointerType
 * @property {number} pressure
 * @property {boolean} [shift]
 * @property {boolean} [eraser]
 * @property {import("./clipping.js").Frame} [frame]
 *
 * What was begun. Once it is over, whoever ended it, nothing here does anything.
 * @typedef {object} Gesture
 * @property {(samples: Sample[]) => void} move
 * @property {() => void} end
 * @property {() => void} cancel
 * @property {() => boolean} unfinished
 *
 * @typedef {object} Gestures
 * @property {(sample: Sample) => Gesture} start  one that is unfinished ends first
 * @property {() => boolean} active  whether one is unfinished
 * @property {(sample: Sample | null) => void} hover  null once the pointer has left
 */

/** A gesture that is over as soon as it has begun. @type {Gesture} */
export const MOMENT = { move() {}, end() {}, cancel() {}, unfinished: () => false };

/**
 * @param {object} parts
 * @param {import("./painter.js").Painter} parts.painter
 * @param {import("./picker.js").Picker} parts.picker
 * @param {{active: () => boolean, click: (sample: Sample) => void}} parts.inspector
 * @param {{hover: (sample: Sample | null) => void}} parts.receptivity
 * @param {import("../view/ring.js").Ring} parts.ring
 * @param {import("../lib/gesturing.js").Gesturing} parts.gesturing
 * @param {() => import("./brush.js").Tool} parts.tool
 * @returns {Gestures}
 */
export function createGestures({ painter, picker, inspector, receptivity, ring, gesturing, tool }) {
  return {
    start(sample) {
      ring.moveTo(sample.x, sample.y);
      gesturing.end();
      if (!sample.eraser && inspector.active()) inspector.click(sample);
      else if (!sample.eraser && tool() === "pick") picker.click(sample);
      else {
        const stroke = painter.start(sample);
        return {
          ...stroke,
          move(samples) {
            const last = samples[samples.length - 1];
            if (stroke.unfinished()) ring.moveTo(last.x, last.y);
            stroke.move(samples);
          },
        };
      }
      return MOMENT;
    },
    active: gesturing.active,
    hover(sample) {
      if (sample) ring.moveTo(sample.x, sample.y);
      else ring.hide();
      if (tool() === "pick" && !inspector.active()) picker.hover(sample);
      receptivity.hover(sample);
    },
  };
}
