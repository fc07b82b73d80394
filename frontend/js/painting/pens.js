/** Palms: while a pen is in use, or was just now, what touches the screen is the hand that holds it. */

const RECENT = 1000; // ms

/**
 * @param {() => void} onPen  a pen has been noticed: what touches do at that moment, a palm does
 * @returns {() => boolean} whether a pen is in use or was just now
 */
export function noticePens(onPen) {
  /** @type {Set<number>} */
  const down = new Set();
  let last = -Infinity;

  /** @param {PointerEvent} event */
  function notice({ pointerType, pointerId, type, buttons }) {
    if (pointerType !== "pen") return;
    last = performance.now();
    if (type === "pointerup" || type === "pointercancel" || buttons === 0) down.delete(pointerId);
    else down.add(pointerId);
    onPen();
  }
  for (const name of /** @type {const} */ (["pointerdown", "pointermove", "pointerup", "pointercancel"])) {
    window.addEventListener(name, notice, { capture: true });
  }
  return () => down.size > 0 || performance.now() - last < RECENT;
}
