/**
 * From pointer events to gestures: one finger, pen or button paints; two fingers, the middle button or Space-drag
 * move the view. Positions are the picture's.
 */

/** @typedef {import("./gestures.js").Gesture} Gesture */
/** @typedef {import("./gestures.js").Sample} Sample */

import { byId } from "../ui/dom.js";
import { takesText } from "../ui/focus.js";
import { noticePens } from "./pens.js";

// A second finger turns a stroke that has just begun into a pinch: within this time, or before it went this far.
const PINCH_GRACE = 180; // ms
const PINCH_REACH = 12; // CSS pixels

// Of `event.buttons`, and the number that `event.button` has for a pen's other end.
const ANY = ~0;
const PRIMARY = 1;
const ERASER = 32;
const ERASER_BUTTON = 5;
const PRESSED_BY_SPACE = "button, select, summary, input[type=checkbox]";

/**
 * @param {import("../view/view.js").View} view
 * @param {import("./gestures.js").Gestures} gestures
 */
export function listenToPointers(view, gestures) {
  const stage = byId("stage", HTMLElement);
  /** @type {Map<number, {x: number, y: number}>} */
  const touches = new Map();
  /** @type {{id: number, touch: boolean, gesture: Gesture, time: number, x: number, y: number, reach: number} | null} */
  let painting = null;
  /** @type {{id: number, x: number, y: number} | null} */
  let panning = null;
  let pinching = false;
  let space = false;

  const penInUse = noticePens(() => {
    if (painting?.touch) {
      painting.gesture.cancel();
      painting = null;
    }
    touches.clear();
    pinching = false;
  });

  /** @param {PointerEvent} event @returns {Sample} */
  function sample(event) {
    const [x, y] = view.toPicture(event.clientX, event.clientY);
    return { x, y, pointerType: event.pointerType, pressure: event.pressure, shift: event.shiftKey, frame: view.frame() };
  }

  stage.addEventListener("pointerdown", (event) => {
    const touch = event.pointerType === "touch";
    if (event.target instanceof HTMLInputElement || (touch && penInUse())) return;
    const { pointerId: id, clientX: x, clientY: y } = event;
    capture(id);
    if (touch) {
      touches.set(id, { x, y });
      if (touches.size === 2) {
        if (painting) {
          if (performance.now() - painting.time < PINCH_GRACE || painting.reach < PINCH_REACH) painting.gesture.cancel();
          else painting.gesture.end();
          painting = null;
        }
        pinching = true;
      }
      if (pinching) return;
    }
    const eraser = event.button === ERASER_BUTTON || (event.buttons & ERASER) !== 0;
    if (event.button === 1 || (event.button === 0 && space)) {
      panning = { id, x, y };
      stage.classList.add("panning");
    } else if ((event.button === 0 || eraser) && !painting?.gesture.unfinished()) {
      const gesture = gestures.start({ ...sample(event), eraser });
      painting = { id, touch, gesture, time: performance.now(), x, y, reach: 0 };
    }
  });

  stage.addEventListener("pointermove", (event) => {
    const { pointerId: id, clientX: x, clientY: y } = event;
    // It may have been released where nobody told us, or while another button was down.
    const holding = painting?.id === id ? PRIMARY | ERASER : ANY;
    if (event.pointerType !== "touch" && !(event.buttons & holding)) lift(event);
    const touch = touches.get(id);
    if (pinching && touch) {
      pinch(event, touch);
    } else if (panning?.id === id) {
      view.pan(x - panning.x, y - panning.y);
      panning = { id, x, y };
    } else if (painting?.id === id) {
      painting.reach = Math.max(painting.reach, Math.hypot(x - painting.x, y - painting.y));
      const events = event.getCoalescedEvents?.() ?? [];
      painting.gesture.move((events.length ? events : [event]).map(sample));
    } else if (!painting && event.pointerType !== "touch") {
      gestures.hover(sample(event));
    }
  });

  /** @param {PointerEvent} event */
  function lift({ type, pointerId: id, pointerType }) {
    touches.delete(id);
    if (touches.size === 0) pinching = false;
    if (panning?.id === id) {
      panning = null;
      stage.classList.remove("panning");
    }
    if (painting?.id === id) {
      const { gesture } = painting;
      painting = null;
      if (type === "pointercancel") gesture.cancel();
      else gesture.end();
      if (pointerType === "touch") gestures.hover(null);
    }
  }
  for (const name of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
    stage.addEventListener(name, lift);
  }
  stage.addEventListener("pointerleave", () => painting || gestures.hover(null));

  // To a browser a second finger's tap is no click; beside one that paints it is.
  window.addEventListener("pointerup", ({ pointerType, isPrimary, target, clientX, clientY }) => {
    if (!painting?.touch || pointerType !== "touch" || isPrimary || !(target instanceof Element)) return;
    const button = target.closest("button");
    if (button?.contains(document.elementFromPoint(clientX, clientY))) button.click();
  });

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
    // With another key it is the system's, as to change the keyboard's language.
    if (event.code !== "Space" || takesText(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    // Where it does nothing else it would scroll the page.
    if (!(event.target instanceof Element && event.target.closest(PRESSED_BY_SPACE))) event.preventDefault();
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
