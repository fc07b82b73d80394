/** The brushes: one button for each concept of the model, best first. */

/** @typedef {import("../picture/types.js").Concept} Concept */
/** @typedef {import("../lib/store.js").Store<import("../picture/types.js").Brush>} BrushStore */

import { conceptIcon } from "./concept-icons.js";
import { byId, make, reveal } from "../ui/dom.js";
import { conceptName, onLanguage } from "../ui/i18n.js";
import { setUpRadios } from "../ui/radio.js";

const MANY = 16;

/**
 * @typedef {object} Palette
 * @property {(concepts: Concept[]) => void} fill
 * @property {(index: number) => void} chooseAt  the brush a digit key stands for
 * @property {() => string[]} names  best first
 * @property {(name: string) => Concept | undefined} concept
 */

/**
 * @param {BrushStore} brush
 * @returns {Palette}
 */
export function createPalette(brush) {
  const group = byId("palette", HTMLElement);
  const search = byId("search", HTMLInputElement);
  const mark = setUpRadios(group, (concept) => brush.set({ concept }));
  /** @type {string[]} */
  let names = [];
  /** @type {Concept[]} */
  let known = [];

  function build() {
    group.replaceChildren(
      ...names.map((name, i) => {
        const swatch = make("span", { class: "swatch" });
        swatch.append(conceptIcon(name));
        const label = make("span", { class: "swatch-name" }, conceptName(name));
        const keys = i < 10 ? ` (${(i + 1) % 10})` : "";
        return make(
          "button",
          { type: "button", role: "radio", class: "brush", "data-value": name, title: conceptName(name) + keys },
          swatch,
          label,
        );
      }),
    );
    search.hidden = names.length <= MANY;
    filter();
    mark(brush.get().concept);
  }

  /** Show only the brushes whose name, here or in the model, holds what was typed. */
  function filter() {
    const wanted = search.hidden ? "" : search.value.trim().toLowerCase();
    for (const child of group.children) {
      const name = child.getAttribute("data-value") ?? "";
      const found = name.toLowerCase().includes(wanted) || conceptName(name).toLowerCase().includes(wanted);
      /** @type {HTMLElement} */ (child).hidden = !found;
    }
  }
  search.addEventListener("input", filter);

  brush.subscribe(({ concept }, before) => {
    if (concept === before.concept) return;
    mark(concept);
    const chosen = group.querySelector("[aria-checked=true]");
    if (chosen) reveal(chosen);
  });
  onLanguage(build);

  return {
    fill(concepts) {
      known = concepts;
      names = concepts.map((c) => c.name); // the server puts the best first and weak ones last
      if (!names.includes(brush.get().concept)) brush.set({ concept: names.includes("tree") ? "tree" : names[0] });
      build();
    },
    names: () => names,
    concept: (name) => known.find((concept) => concept.name === name),
    chooseAt(index) {
      if (names[index]) brush.set({ concept: names[index] });
    },
  };
}
