/**
 * How many units the brush uses: the number the dissection recommends, until somebody moves the slider. Removing a
 * concept has another layer and other units than drawing it may have, and so has painting it exactly.
 */

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

  /** What the edit by this brush has to choose from; undefined where that is not known. */
  function ranking() {
    const { concept: name, mode, exact } = brush.get();
    const best = concept(name);
    const known = (exact && best?.exact) || best;
    return mode === "remove" ? known?.remove : known;
  }

  function show() {
    const known = ranking();
    if (!known) return;
    const most = known.units.length;
    const units = Math.min(brush.get().units, most);
    brush.set({ units });
    slider.max = String(most);
    setSlider(slider, units || known.recommended_units);
    output.textContent = units ? String(units) : t("units.usual", { count: known.recommended_units });
  }

  slider.addEventListener("input", () => {
    const units = Number(slider.value);
    brush.set({ units: units === ranking()?.recommended_units ? 0 : units });
  });
  brush.subscribe((now, before) => {
    const another = now.concept !== before.concept || now.exact !== before.exact;
    if (another && now.units) brush.set({ units: 0 });
    else show();
  });
  onLanguage(show);
  return show;
}
