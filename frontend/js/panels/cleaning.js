/** The switch that sets the model's artifact units to zero everywhere, there only where they are known. */

import { announce } from "../ui/announce.js";
import { cleaned } from "../picture/document.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";

/**
 * @param {import("../picture/history.js").History} history
 * @returns {(model: import("../picture/types.js").Model) => void} to call when the model is another one
 */
export function setUpCleaning(history) {
  const field = byId("clean-field", HTMLElement);
  const box = byId("clean", HTMLInputElement);

  box.addEventListener("change", () => {
    history.push(cleaned(history.present(), box.checked));
    announce(t(box.checked ? "said.clean" : "said.unclean"));
  });
  const show = () => (box.checked = history.present().clean === true);
  history.subscribe(show);
  show();
  return (model) => (field.hidden = !model.clean);
}
