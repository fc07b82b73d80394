/** The thin bar that shows only when a reply takes longer than it should. */

import { byId } from "../ui/dom.js";

const PATIENCE = 300;

/** @returns {(waiting: boolean) => void} */
export function createBusy() {
  const bar = byId("busy", HTMLElement);
  /** @type {number | undefined} */
  let timer;
  return (waiting) => {
    if (!waiting) {
      clearTimeout(timer);
      timer = undefined;
      bar.hidden = true;
    } else if (timer === undefined) {
      timer = setTimeout(() => (bar.hidden = false), PATIENCE);
    }
  };
}
