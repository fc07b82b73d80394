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
 * A gesture that does what it is for at its end, where it began; a key does it at once.
 *
 * @param {import("../lib/gesturing.js").Gesturing} gesturing
 * @param {Sample} sample
 * @param {(sample: Sample) => void} act
 * @returns {Gesture}
 */
function click(gesturing, sample, act) {
  const gesture = { end: () => act(sample), cancel() {} };
  const unfinished = () => gesturing.active(gesture);
  gesturing.begin(gesture);
  if (sample.pointerType === "keyboard") gesturing.end();
  return {
    move() {},
    end: () => unfinished() && gesturing.end(),
    cancel: () => unfinished() && gesturing.cancel(),
    unfinished,
  };
}

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
  let current = MOMENT;

  /** @param {Sample} sample @returns {Gesture} */
  function begin(sample) {
    if (!sample.eraser && inspector.active()) return click(gesturing, sample, inspector.click);
    if (!sample.eraser && tool() === "pick") return click(gesturing, sample, picker.click);
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

  return {
    start(sample) {
      ring.moveTo(sample.x, sample.y);
      gesturing.end();
      current = begin(sample);
      return current;
    },
    active: () => current.unfinished(),
    hover(sample) {
      // The ring is with what paints.
      if (current.unfinished()) return;
      if (sample) ring.moveTo(sample.x, sample.y);
      else ring.hide();
      if (tool() === "pick" && !inspector.active()) picker.hover(sample);
      receptivity.hover(sample);
    },
  };
}
