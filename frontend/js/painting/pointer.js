/**
 * From pointer events to gestures: one finger, pen or button paints; two fingers, the middle button or Space-drag
 * move the view. Positions are the picture's.
 */

import { byId } from "../ui/dom.js";

// A second finger turns a stroke that has just begun into a pinch: within this time, or before it went this far.
const PINCH_GRACE = 180; // ms
const PINCH_REACH = 12; // CSS pixels

/**
 * @typedef {{x: number, y: number, pointerType: string, pressure: number, shift?: boolean}} Sample
 *
 * @typedef {object} Gestures
 * @property {(sample: Sample) => void} start
 * @property {(samples: Sample[]) => void} move
 * @property {() => void} end
 * @property {() => void} cancel
 * @property {(sample: Sample | null) => void} hover  null once the pointer has left
 */

/**
 * @param {import("../view/view.js").View} view
 * @param {Gestures} gestures
 */
export function listenToPointers(view, gestures) {
  const stage = byId("stage", HTMLElement);
  /** @type {Map<number, {x: number, y: number}>} */
  const touches = new Map();
  /** @type {number | null} */
  let painting = null;
  let began = { time: 0, x: 0, y: 0, reach: 0 };
  /** @type {number | null} */
  let panning = null;
  let pinching = false;
  let space = false;

  /** @param {PointerEvent} event @returns {Sample} */
  function sample(event) {
    const [x, y] = view.toPicture(event.clientX, event.clientY);
    return { x, y, pointerType: event.pointerType, pressure: event.pressure, shift: event.shiftKey };
  }

  stage.addEventListener("pointerdown", (event) => {
    if (event.target instanceof HTMLInputElement) return;
    capture(event.pointerId);
    if (event.pointerType === "touch") {
      touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (touches.size === 2) {
        if (painting !== null) {
          if (performance.now() - began.time < PINCH_GRACE || began.reach < PINCH_REACH) gestures.cancel();
          else gestures.end();
          painting = null;
        }
        pinching = true;
      }
      if (pinching) return;
    }
    if (event.button === 1 || (event.button === 0 && space)) {
      panning = event.pointerId;
      stage.classList.add("panning");
    } else if (event.button === 0 && painting === null) {
      painting = event.pointerId;
      began = { time: performance.now(), x: event.clientX, y: event.clientY, reach: 0 };
      gestures.start(sample(event));
    }
  });

  stage.addEventListener("pointermove", (event) => {
    const touch = touches.get(event.pointerId);
    if (pinching && touch) {
      pinch(event, touch);
    } else if (event.pointerId === panning) {
      view.pan(event.movementX, event.movementY);
    } else if (event.pointerId === painting) {
      began.reach = Math.max(began.reach, Math.hypot(event.clientX - began.x, event.clientY - began.y));
      const events = event.getCoalescedEvents?.() ?? [];
      gestures.move((events.length ? events : [event]).map(sample));
    } else if (painting === null && event.pointerType !== "touch") {
      gestures.hover(sample(event));
    }
  });

  /** @param {PointerEvent} event */
  function lift(event) {
    touches.delete(event.pointerId);
    if (touches.size === 0) pinching = false;
    if (event.pointerId === panning) {
      panning = null;
      stage.classList.remove("panning");
    }
    if (event.pointerId === painting) {
      painting = null;
      if (event.type === "pointerup") gestures.end();
      else gestures.cancel();
      if (event.pointerType === "touch") gestures.hover(null);
    }
  }
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);
  stage.addEventListener("pointerleave", () => painting === null && gestures.hover(null));

  /**
   * @param {PointerEvent} event
   * @param {{x: number, y: number}} touch
   */
  function pinch(event, touch) {
    const [a, b] = [...touches.values()];
    if (!b) return;
    const other = a === touch ? b : a;
    const before = Math.hypot(touch.x - other.x, touch.y - other.y);
    const middle = { x: (touch.x + other.x) / 2, y: (touch.y + other.y) / 2 };
    touch.x = event.clientX;
    touch.y = event.clientY;
    const after = Math.hypot(touch.x - other.x, touch.y - other.y);
    const moved = { x: (touch.x + other.x) / 2, y: (touch.y + other.y) / 2 };
    view.pan(moved.x - middle.x, moved.y - middle.y);
    if (before > 0) view.zoom(after / before, moved.x, moved.y);
  }

  /** @param {number} id */
  function capture(id) {
    try {
      stage.setPointerCapture(id);
    } catch {
      // A pointer that is gone already cannot be captured.
    }
  }

  stage.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        view.zoom(Math.exp(-event.deltaY / 240), event.clientX, event.clientY);
      } else if (view.scale() > 1) {
        event.preventDefault();
        view.pan(-event.deltaX, -event.deltaY);
      }
    },
    { passive: false },
  );
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  // Older iOS scrolls under a stroke in spite of touch-action.
  stage.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });

  window.addEventListener("keydown", (event) => {
    if (event.code !== "Space" || event.repeat || event.target instanceof HTMLInputElement) return;
    space = true;
    stage.classList.add("grab");
  });
  const release = () => {
    space = false;
    stage.classList.remove("grab");
  };
  window.addEventListener("keyup", (event) => event.code === "Space" && release());
  window.addEventListener("blur", release);
}
