/** The switch between letting things grow and painting just where the pen goes, for models that do both. */

/** @typedef {import("../server/api.js").Concept} Concept */
/** @typedef {import("../painting/brush.js").BrushStore} BrushStore */

import { byId } from "../ui/dom.js";

/**
 * @param {BrushStore} brush
 * @param {(name: string) => Concept | undefined} concept
 * @returns {{model: (model: import("../server/api.js").Model) => void, show: () => void, toggle: () => void}} model is to
 *   be called when the model is another one, show once its concepts are known
 */
export function setUpExact(brush, concept) {
  const box = byId("exact", HTMLInputElement);
  const field = byId("exact-field", HTMLElement);

  function show() {
    const { concept: name, exact } = brush.get();
    box.checked = exact;
    box.disabled = !concept(name)?.exact;
  }

  box.addEventListener("change", () => brush.set({ exact: box.checked }));
  brush.subscribe(show);
  show();
  return {
    model: ({ exact_layer }) => void (field.hidden = !exact_layer),
    show,
    toggle() {
      if (!field.hidden && !box.disabled) brush.set({ exact: !brush.get().exact });
    },
  };
}
