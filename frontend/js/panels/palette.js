/** The brushes: one button for each concept of the model, best first. */

/** @typedef {import("../server/api.js").Concept} Concept */
/** @typedef {import("../painting/brush.js").BrushStore} BrushStore */

import { byId, make, reveal } from "../ui/dom.js";
import { focusPicture } from "../ui/focus.js";
import { conceptName, onLanguage, t } from "../ui/i18n.js";
import { setUpRadios } from "../ui/radio.js";
import { conceptIcon } from "./concept-icons.js";

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
  let known = false; // whether a model's have come
  /** @type {Concept[]} */
  let concepts = []; // the server puts the best first and weak ones last

  /** @param {string} name */
  function concept(name) {
    return concepts.find((one) => one.name === name);
  }

  function build() {
    group.replaceChildren(
      ...concepts.map(({ name }, i) => {
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
    if (known && !concepts.length) group.append(make("p", { class: "no-brushes" }, t("palette.none")));
    search.hidden = concepts.length <= MANY;
    filter();
    mark(brush.get().concept);
  }

  /** Show only the brushes whose name, here or in the model, holds what was typed. */
  function filter() {
    const typed = search.hidden ? "" : search.value.trim().toLowerCase();
    for (const child of group.querySelectorAll("[data-value]")) {
      const name = child.getAttribute("data-value") ?? "";
      const matches = [name, conceptName(name)].some((text) => text.toLowerCase().includes(typed));
      /** @type {HTMLElement} */ (child).hidden = !matches;
    }
  }
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && focusPicture());

  brush.subscribe(({ concept }, before) => {
    if (concept === before.concept) return;
    mark(concept);
    const chosen = group.querySelector("[aria-checked=true]");
    if (chosen) reveal(chosen);
  });
  onLanguage(build);

  return {
    fill(own) {
      known = true;
      concepts = own;
      if (own.length && !concept(brush.get().concept)) {
        brush.set({ concept: concept("tree") ? "tree" : own[0].name });
      }
      build();
    },
    names: () => concepts.map(({ name }) => name),
    concept,
    chooseAt(index) {
      if (concepts[index]) brush.set({ concept: concepts[index].name });
    },
  };
}
