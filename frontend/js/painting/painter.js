/** The tools: what a gesture with the chosen brush makes of the picture, while it lasts and once it ends. */

/** @typedef {import("./brush.js").Brush} Brush */
/** @typedef {import("../picture/document.js").Mask} Mask */
/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("./gestures.js").Gesture} Gesture */
/** @typedef {import("./gestures.js").Sample} Sample */

import { addEdit, changeEdit, deleteEdit, published } from "../picture/changes.js";
import { coordinate } from "../picture/coordinates.js";
import { t } from "../ui/i18n.js";
import { editBy, saying } from "./brush.js";
import { WHOLE, clipped } from "./clipping.js";
import { erased, touches } from "./erasing.js";
import { MOMENT } from "./gestures.js";
import { createStroke, pressed } from "./strokes.js";

/**
 * A shape that grows with a gesture.
 *
 * @typedef {object} Shape
 * @property {(sample: Sample) => void} extend
 * @property {() => Mask} mask  all of it
 * @property {() => Mask} draft  about all of it: from one to the next it changes only where the gesture is
 * @property {(from: number) => Mask | undefined} rest  what came after so many steps; undefined where nothing did
 * @property {() => number} steps  so far
 *
 * @typedef {object} PainterParts
 * @property {() => Brush} brush
 * @property {import("./brush.js").LayerOf} layerOf
 * @property {() => Picture} present
 * @property {(picture: Picture, announcement: string) => void} commit
 * @property {import("./limits.js").Limits} limits
 * @property {import("../lib/gesturing.js").Gesturing} gesturing
 * @property {() => void} restore  show the present picture again
 * @property {import("../server/frames.js").Frames["draft"]} draft
 * @property {(mask: Mask | undefined) => void} tint
 * @property {() => number} aspect  of the picture, its width over its height
 *
 * @typedef {object} Painter
 * @property {(sample: Sample) => Gesture} start  a gesture with the present brush
 * @property {() => boolean} working
 * @property {() => void} everywhere
 * @property {(steps: number, final: boolean) => void} framed  a frame with the first so many steps is on the screen
 */

/**
 * @param {PainterParts} parts
 * @returns {Painter}
 */
export function createPainter({ brush, layerOf, present, commit, limits, gesturing, restore, draft, tint, aspect }) {
  /** @type {Shape | null} */
  let shape = null;
  /** The brush the shape was begun with. */
  let used = brush();
  let shownSteps = 0;

  /** @param {Brush} brush */
  const addable = ({ concept }) => limits.paints(concept) && limits.room();

  /** The present picture with the mask painted or erased; itself where nothing of the mask is in sight. @param {Mask} mask */
  function painted(mask) {
    if (mask !== null && "strokes" in mask && mask.strokes.length === 0) return present();
    if (used.tool !== "eraser") return addEdit(present(), editBy(used, mask, layerOf(used)));
    const strokes = mask !== null && "strokes" in mask ? mask.strokes : [];
    let picture = present();
    for (let i = picture.edits.length - 1; i >= 0; i -= 1) {
      const edit = picture.edits[i];
      if (edit.hidden || !touches(edit.mask, strokes, aspect())) continue;
      const rest = erased(edit.mask, strokes, aspect());
      picture = rest === undefined ? deleteEdit(picture, i) : changeEdit(picture, i, { mask: rest });
    }
    return picture;
  }

  function show() {
    if (!shape) return;
    const { draft: mask, steps, rest } = shape;
    draft(() => ({ picture: published(painted(mask())), steps: steps() }));
    tint(rest(shownSteps));
  }

  /** The shape of the gesture that is unfinished; there is none once it is over. */
  const gesture = {
    end() {
      if (!shape) return;
      const picture = painted(shape.mask());
      tint(shape.rest(shownSteps));
      shape = null;
      if (picture === present()) restore();
      else commit(picture, used.tool === "eraser" ? t("said.erased") : saying(used));
    },
    cancel() {
      shape = null;
      tint(undefined);
      restore();
    },
  };

  return {
    start(sample) {
      gesturing.end();
      const chosen = sample.eraser ? { ...brush(), tool: /** @type {const} */ ("eraser") } : brush();
      if (chosen.tool !== "eraser" && !addable(chosen)) return MOMENT;
      used = chosen;
      shownSteps = 0;
      const straight = used.tool === "line" || used.tool === "rect";
      const own = straight ? straightShape(used, sample, aspect()) : freeStroke(used, sample);
      shape = own;
      gesturing.begin(gesture);
      show();
      const unfinished = () => shape === own;
      return {
        move(samples) {
          if (!unfinished()) return;
          const before = own.steps();
          for (const each of samples) own.extend(each);
          if (own.steps() !== before) show();
        },
        end: () => unfinished() && gesturing.end(),
        cancel: () => unfinished() && gesturing.cancel(),
        unfinished,
      };
    },
    working: () => shape !== null,
    everywhere() {
      if (!addable(brush())) return;
      commit(addEdit(present(), editBy(brush(), null, layerOf(brush()))), saying(brush()));
    },
    framed(steps, final) {
      if (shape) {
        // A finished picture shows nothing of the gesture.
        shownSteps = final ? 0 : Math.max(shownSteps, steps);
        if (final) show();
        else tint(shape.rest(shownSteps));
      } else if (final) tint(undefined);
    },
  };
}

/**
 * @param {Brush} brush
 * @param {Sample} first
 * @returns {Shape}
 */
function freeStroke(brush, first) {
  const stroke = createStroke();
  /** @param {Sample} sample */
  const extend = (sample) => stroke.add([sample.x, sample.y], pressed(brush.radius, sample), sample.frame);
  extend(first);
  return {
    extend,
    mask: () => ({ strokes: stroke.strokes() }),
    draft: () => ({ strokes: stroke.draft() }),
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
 * @param {Brush} brush
 * @param {Sample} first
 * @param {number} aspect  of the picture
 * @returns {Shape}
 */
function straightShape({ tool, radius }, first, aspect) {
  let last = first;
  let steps = 1;
  /** @returns {Mask} */
  function mask() {
    if (tool === "line") {
      const points = clipped([first.x, first.y], [last.x, last.y], last.frame ?? WHOLE) ?? [[first.x, first.y]];
      return { strokes: [{ points: points.map(([x, y]) => [coordinate(x), coordinate(y)]), radius }] };
    }
    const [x0, y0, x1, y1] = last.frame ?? WHOLE;
    const [ax, bx] = [first.x, last.x].map((x) => coordinate(Math.max(x0, Math.min(x1, x))));
    const [ay, by] = [first.y, last.y].map((y) => coordinate(Math.max(y0, Math.min(y1, y))));
    const dx = Math.abs(bx - ax) < 0.01 ? radius : 0;
    const dy = Math.abs(by - ay) < 0.01 ? radius * aspect : 0;
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
    draft: mask,
    rest: (from) => (from < steps ? mask() : undefined),
    steps: () => steps,
  };
}
