/** The shapes a brush can have, and the button that paints everywhere. */

/** @typedef {import("../painting/brush.js").Tool} Tool */
/** @typedef {import("../painting/brush.js").BrushStore} BrushStore */

import { byId } from "../ui/dom.js";
import { setUpRadios } from "../ui/radio.js";

/**
 * @param {BrushStore} brush
 * @param {() => void} everywhere
 */
export function setUpTools(brush, everywhere) {
  const mark = setUpRadios(byId("tools", HTMLElement), (tool) => brush.set({ tool: /** @type {Tool} */ (tool) }));
  const show = () => {
    mark(brush.get().tool);
    document.body.dataset.tool = brush.get().tool;
  };
  brush.subscribe(show);
  show();
  byId("everywhere", HTMLButtonElement).addEventListener("click", everywhere);
}
