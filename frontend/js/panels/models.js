/** The choice of model, there only where the server has several. */

/** @typedef {import("../server/api.js").Model} Model */

import { byId, make } from "../ui/dom.js";

/**
 * @param {Model[]} available
 * @param {(name: string) => void} choose
 * @returns {(name: string) => void} marks the one that is used
 */
export function setUpModels(available, choose) {
  const select = byId("model", HTMLSelectElement);
  const options = available.map(({ name, title, size: [height, width] }) => {
    const size = width === height ? width : `${width} × ${height}`;
    return make("option", { value: name }, `${title || name} · ${size} px`);
  });
  select.append(...options);
  select.addEventListener("change", () => choose(select.value));
  byId("model-field", HTMLElement).hidden = available.length < 2;
  return (name) => (select.value = name);
}
