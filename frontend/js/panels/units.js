/** How many units the brush uses: the number the dissection recommends, until somebody moves the slider. */

/** @typedef {import("../server/api.js").Concept} Concept */
/** @typedef {import("../painting/brush.js").BrushStore} BrushStore */

import { byId } from "../ui/dom.js";
import { onLanguage, t } from "../ui/i18n.js";
import { setSlider } from "../ui/slider.js";

/**
 * @param {BrushStore} brush
 * @param {(name: string) => Concept | undefined} concept
 * @returns {() => void} to call once the concepts are known
 */
export function setUpUnits(brush, concept) {
  const slider = byId("units", HTMLInputElement);
  const output = byId("units-out", HTMLOutputElement);

  function show() {
    const { concept: name, units } = brush.get();
    const known = concept(name);
    if (!known) return;
    slider.max = String(known.units.length);
    setSlider(slider, units || known.recommended_units);
    output.textContent = units ? String(units) : t("units.usual", { count: known.recommended_units });
  }

  slider.addEventListener("input", () => {
    const units = Number(slider.value);
    const recommended = concept(brush.get().concept)?.recommended_units;
    brush.set({ units: units === recommended ? 0 : units });
  });
  brush.subscribe((now, before) => {
    if (now.concept !== before.concept && now.units) brush.set({ units: 0 });
    else show();
  });
  onLanguage(show);
  return show;
}
