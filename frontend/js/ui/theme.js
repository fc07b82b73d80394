/** Light or dark: what the system asks for, until the button says otherwise. */

import { byId } from "./dom.js";
import { preference, setPreference } from "./preferences.js";

export function setUpTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  function apply() {
    const chosen = preference("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
    else delete root.dataset.theme;
  }

  byId("theme", HTMLButtonElement).addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    const next = dark ? "light" : "dark";
    // Back on what the system asks for, the page follows the system again.
    setPreference("theme", (next === "dark") === system.matches ? "auto" : next);
    apply();
  });
  apply();
}
