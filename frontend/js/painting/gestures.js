/** What a gesture means: a stroke, a pick or a look inside, by the chosen tool. */

/** @typedef {import("./pointer.js").Gestures} Gestures */
/** @typedef {import("./pointer.js").Sample} Sample */

/**
 * @param {object} parts
 * @param {import("./painter.js").Painter} parts.painter
 * @param {import("./picker.js").Picker} parts.picker
 * @param {{active: () => boolean, click: (sample: Sample) => void}} parts.inspector
 * @param {{hover: (sample: Sample | null) => void}} parts.receptivity
 * @param {import("../view/ring.js").Ring} parts.ring
 * @param {() => import("./brush.js").Tool} parts.tool
 * @returns {Gestures}
 */
export function createGestures({ painter, picker, inspector, receptivity, ring, tool }) {
  return {
    start(sample) {
      ring.moveTo(sample.x, sample.y);
      if (inspector.active()) inspector.click(sample);
      else if (tool() === "pick") picker.click(sample);
      else painter.start(sample);
    },
    move(samples) {
      const last = samples[samples.length - 1];
      ring.moveTo(last.x, last.y);
      painter.move(samples);
    },
    end: painter.end,
    cancel: painter.cancel,
    hover(sample) {
      if (sample) ring.moveTo(sample.x, sample.y);
      else ring.hide();
      if (tool() === "pick" && !inspector.active()) picker.hover(sample);
      receptivity.hover(sample);
    },
  };
}
