/** The tools: what a gesture with the present brush makes of the picture, while it lasts and once it ends. */

/** @typedef {import("../picture/types.js").Brush} Brush */
/** @typedef {import("../picture/types.js").Edit} Edit */
/** @typedef {import("../picture/types.js").Mask} Mask */
/** @typedef {import("../picture/types.js").Picture} Picture */
/** @typedef {import("./pointer.js").Sample} Sample */

import { MAX_EDITS, addEdit, deleteEdit, changeEdit, published } from "../picture/document.js";
import { erased, touches } from "../view/masks.js";
import { createStroke, pressed } from "./strokes.js";

/**
 * A gesture in progress: what it paints so far, and what of that is not on the screen yet.
 *
 * @typedef {object} Work
 * @property {(sample: Sample) => void} to
 * @property {() => Mask} mask
 * @property {(shown: number) => Mask | undefined} pending
 * @property {() => number} mark  grows with every change
 *
 * @typedef {object} PainterParts
 * @property {() => Brush} brush
 * @property {() => Picture} present
 * @property {(picture: Picture, done: {tool: string, op: string, concept: string}) => void} commit
 * @property {() => void} refused  the picture has as many edits as it can
 * @property {() => void} abandon  show the present picture again
 * @property {import("../server/frames.js").Frames["draft"]} draft
 * @property {(mask: Mask | undefined) => void} tint
 *
 * @typedef {object} Painter
 * @property {(sample: Sample) => void} start
 * @property {(samples: Sample[]) => void} move
 * @property {() => void} end
 * @property {() => void} cancel
 * @property {() => boolean} working
 * @property {() => void} everywhere
 * @property {(mark: number, final: boolean) => void} framed  a frame with everything up to that mark is on the screen
 */

/**
 * @param {PainterParts} parts
 * @returns {Painter}
 */
export function createPainter({ brush, present, commit, refused, abandon, draft, tint }) {
  /** @type {Work | null} */
  let work = null;
  let shown = 0;

  /** The picture with the mask painted or erased. @param {Mask} mask */
  function painted(mask) {
    const { tool } = brush();
    if (tool !== "eraser") return addEdit(present(), newEdit(brush(), mask));
    const strokes = mask !== null && "strokes" in mask ? mask.strokes : [];
    let picture = present();
    for (let i = picture.edits.length - 1; i >= 0; i -= 1) {
      const edit = picture.edits[i];
      if (edit.hidden || !touches(edit.mask, strokes)) continue;
      const rest = erased(edit.mask, strokes);
      picture = rest === undefined ? deleteEdit(picture, i) : changeEdit(picture, i, { mask: rest });
    }
    return picture;
  }

  function progress() {
    if (!work) return;
    const current = work;
    draft(() => ({ picture: published(painted(current.mask())), mark: current.mark() }));
    tint(current.pending(shown));
  }

  function finish() {
    if (!work) return;
    const picture = painted(work.mask());
    tint(work.pending(shown));
    work = null;
    const { tool, mode, concept } = brush();
    if (picture === present()) abandon();
    else commit(picture, { tool, op: mode, concept });
  }

  return {
    start(sample) {
      if (brush().tool !== "eraser" && present().edits.length >= MAX_EDITS) {
        refused();
        return;
      }
      shown = 0;
      const shape = brush().tool === "line" || brush().tool === "rect";
      work = shape ? shapeWork(brush, sample) : strokeWork(brush, sample);
      progress();
    },
    move(samples) {
      if (!work) return;
      const before = work.mark();
      for (const sample of samples) work.to(sample);
      if (work.mark() !== before) progress();
    },
    end: finish,
    cancel() {
      if (!work) return;
      work = null;
      tint(undefined);
      abandon();
    },
    working: () => work !== null,
    everywhere() {
      if (present().edits.length >= MAX_EDITS) refused();
      else {
        const { mode, concept } = brush();
        commit(addEdit(present(), newEdit(brush(), null)), { tool: "everywhere", op: mode, concept });
      }
    },
    framed(mark, final) {
      if (work) {
        if (!final) shown = Math.max(shown, mark);
        tint(work.pending(shown));
      } else if (final) tint(undefined);
    },
  };
}

/**
 * @param {Brush} brush
 * @param {Mask} mask
 * @returns {Edit}
 */
function newEdit({ mode, concept, strength, units }, mask) {
  /** @type {Edit} */
  const edit = { op: mode, concept, mask };
  if (units) edit.units = units;
  if (strength < 1) edit.strength = strength;
  return edit;
}

/**
 * @param {() => Brush} brush
 * @param {Sample} first
 * @returns {Work}
 */
function strokeWork(brush, first) {
  const stroke = createStroke();
  /** @param {Sample} sample */
  const to = (sample) => void stroke.add(sample.x, sample.y, pressed(brush().radius, sample));
  to(first);
  return {
    to,
    mask: () => ({ strokes: stroke.strokes() }),
    pending(shown) {
      const strokes = stroke.rest(shown);
      return strokes.length ? { strokes } : undefined;
    },
    mark: stroke.length,
  };
}

/**
 * A straight line or a rectangle from where the gesture began to where it is.
 *
 * @param {() => Brush} brush
 * @param {Sample} first
 * @returns {Work}
 */
function shapeWork(brush, first) {
  let last = first;
  let mark = 1;
  /** @returns {Mask} */
  function mask() {
    const { tool, radius } = brush();
    const [ax, ay, bx, by] = [first.x, first.y, last.x, last.y].map(bounded);
    if (tool === "line") return { strokes: [{ points: [[ax, ay], [bx, by]], radius }] };
    const dx = Math.abs(bx - ax) < 0.01 ? radius : 0;
    const dy = Math.abs(by - ay) < 0.01 ? radius : 0;
    return {
      rect: [
        bounded(Math.min(ax, bx) - dx),
        bounded(Math.min(ay, by) - dy),
        bounded(Math.max(ax, bx) + dx),
        bounded(Math.max(ay, by) + dy),
      ],
    };
  }
  return {
    to(sample) {
      last = sample;
      mark += 1;
    },
    mask,
    pending: (shown) => (shown < mark ? mask() : undefined),
    mark: () => mark,
  };
}

/** @param {number} value */
function bounded(value) {
  return Math.round(Math.max(0, Math.min(1, value)) * 1e4) / 1e4;
}
