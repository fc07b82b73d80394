/** The list of keys, and the choice of language. */

import { byId, make } from "../ui/dom.js";
import { LANGUAGES, currentLanguage, keyName, onLanguage, switchLanguage, t } from "../ui/i18n.js";
import { notifyError } from "../ui/notices.js";
import { closeSheet } from "../ui/sheet.js";
import { KEYS } from "./shortcuts.js";

/** @returns {() => void} opens the list */
export function setUpHelp() {
  const dialog = byId("help", HTMLDialogElement);
  const language = byId("language", HTMLSelectElement);
  const list = byId("help-keys", HTMLElement);

  language.append(...Object.entries(LANGUAGES).map(([code, name]) => make("option", { value: code, lang: code }, name)));
  language.addEventListener("change", async () => {
    try {
      await switchLanguage(/** @type {keyof typeof LANGUAGES} */ (language.value));
    } catch (error) {
      language.value = currentLanguage();
      notifyError(error);
    }
  });

  function show() {
    language.value = currentLanguage();
    list.replaceChildren(
      ...KEYS.map(([keys, text]) =>
        make("div", {}, make("dt", {}, make("kbd", {}, keyName(keys))), make("dd", {}, t(text))),
      ),
    );
  }
  onLanguage(show);
  show();

  const open = () => dialog.showModal();
  byId("help-open", HTMLButtonElement).addEventListener("click", open);
  closeSheet(dialog, byId("help-close", HTMLButtonElement));
  return open;
}
