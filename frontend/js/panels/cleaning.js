/** The switch that sets the model's artifact units to zero everywhere, there only where they are known. */

import { cleaned } from "../picture/changes.js";
import { byId } from "../ui/dom.js";
import { t } from "../ui/i18n.js";

/**
 * @param {import("../picture/history.js").History} history
 * @param {(picture: import("../picture/document.js").Picture, announcement: string) => void} commit
 * @returns {(model: import("../server/api.js").Model) => void} to call when the model is another one
 */
export function setUpCleaning(history, commit) {
  const field = byId("clean-field", HTMLElement);
  const box = byId("clean", HTMLInputElement);

  box.addEventListener("change", () => {
    commit(cleaned(history.present(), box.checked), t(box.checked ? "said.clean" : "said.unclean"));
  });
  const show = () => (box.checked = history.present().clean === true);
  history.subscribe(show);
  show();
  return (model) => (field.hidden = !model.clean);
}
