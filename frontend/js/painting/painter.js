/** The tools: what a gesture with the chosen brush makes of the picture, while it lasts and once it ends. */

/** @typedef {import("./brush.js").Brush} Brush */
/** @typedef {import("../picture/document.js").Mask} Mask */
/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("./pointer.js").Sample} Sample */

import { addEdit, changeEdit, deleteEdit, published } from "../picture/changes.js";
import { coordinate } from "../picture/coordinates.js";
import { MAX_EDITS } from "../picture/document.js";
import { t } from "../ui/i18n.js";
import { editBy, saying } from "./brush.js";
import { erased, touches } from "./erasing.js";
import { createStroke, pressed } from "./strokes.js";

/**
 * A shape that grows with a gesture.
 *
 * @typedef {object} Shape
 * @property {(sample: Sample) => void} extend
 * @property {() => Mask} mask  all of it
 * @property {(from: number) => Mask | undefined} rest  what came after so many steps; undefined where nothing did
 * @property {() => number} steps  so far
 *
 * @typedef {object} PainterParts
 * @property {() => Brush} brush
 * @property {() => Picture} present
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {() => void} restore  show the present picture again
 * @property {() => void} onFull  the picture has as many edits as it can
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
 * @property {(steps: number, final: boolean) => void} framed  a frame with the first so many steps is on the screen
 */

/**
 * @param {PainterParts} parts
 * @returns {Painter}
 */
export function createPainter({ brush, present, commit, restore, onFull, draft, tint }) {
  /** @type {Shape | null} */
  let shape = null;
  let shownSteps = 0;

  /** The present picture with the mask painted or erased. @param {Mask} mask */
  function painted(mask) {
    const { tool } = brush();
    if (tool !== "eraser") return addEdit(present(), editBy(brush(), mask));
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

  function show() {
    if (!shape) return;
    const { mask, steps, rest } = shape;
    draft(() => ({ picture: published(painted(mask())), steps: steps() }));
    tint(rest(shownSteps));
  }

  return {
    start(sample) {
      if (brush().tool !== "eraser" && present().edits.length >= MAX_EDITS) {
        onFull();
        return;
      }
      shownSteps = 0;
      const straight = brush().tool === "line" || brush().tool === "rect";
      shape = straight ? straightShape(brush, sample) : freeStroke(brush, sample);
      show();
    },
    move(samples) {
      if (!shape) return;
      const before = shape.steps();
      for (const sample of samples) shape.extend(sample);
      if (shape.steps() !== before) show();
    },
    end() {
      if (!shape) return;
      const picture = painted(shape.mask());
      tint(shape.rest(shownSteps));
      shape = null;
      if (picture === present()) restore();
      else commit(picture, brush().tool === "eraser" ? t("said.erased") : saying(brush()));
    },
    cancel() {
      if (!shape) return;
      shape = null;
      tint(undefined);
      restore();
    },
    working: () => shape !== null,
    everywhere() {
      if (present().edits.length >= MAX_EDITS) onFull();
      else commit(addEdit(present(), editBy(brush(), null)), saying(brush()));
    },
    framed(steps, final) {
      if (shape) {
        if (!final) shownSteps = Math.max(shownSteps, steps);
        tint(shape.rest(shownSteps));
      } else if (final) tint(undefined);
    },
  };
}

/**
 * @param {() => Brush} brush
 * @param {Sample} first
 * @returns {Shape}
 */
function freeStroke(brush, first) {
  const stroke = createStroke();
  /** @param {Sample} sample */
  const extend = (sample) => void stroke.add(sample.x, sample.y, pressed(brush().radius, sample));
  extend(first);
  return {
    extend,
    mask: () => ({ strokes: stroke.strokes() }),
    rest(from) {
      const strokes = stroke.rest(from);
      return strokes.length ? { strokes } : undefined;
    },
    steps: stroke.length,
  };
}

/**
 * A straight line or a rectangle from where the gesture began to where it is.
 *
 * @param {() => Brush} brush
 * @param {Sample} first
 * @returns {Shape}
 */
function straightShape(brush, first) {
  let last = first;
  let steps = 1;
  /** @returns {Mask} */
  function mask() {
    const { tool, radius } = brush();
    const [ax, ay, bx, by] = [first.x, first.y, last.x, last.y].map(coordinate);
    if (tool === "line") return { strokes: [{ points: [[ax, ay], [bx, by]], radius }] };
    const dx = Math.abs(bx - ax) < 0.01 ? radius : 0;
    const dy = Math.abs(by - ay) < 0.01 ? radius : 0;
    return {
      rect: [
        coordinate(Math.min(ax, bx) - dx),
        coordinate(Math.min(ay, by) - dy),
        coordinate(Math.max(ax, bx) + dx),
        coordinate(Math.max(ay, by) + dy),
      ],
    };
  }
  return {
    extend(sample) {
      last = sample;
      steps += 1;
    },
    mask,
    rest: (from) => (from < steps ? mask() : undefined),
    steps: () => steps,
  };
}
