/** The page's language: one flat JSON file each, the first that the browser asks for, or the one chosen. */

import { preference, setPreference } from "./preferences.js";

/** Each language by its own name. */
export const LANGUAGES = { en: "English", "zh-Hant": "繁體中文", ko: "한국어" };

/** @typedef {keyof typeof LANGUAGES} Language */

/** @type {Record<string, string>} */
let strings = {};
/** @type {Language} */
let language = "en";
/** @type {(() => void)[]} */
const listeners = [];

/**
 * The text of that name, with `{name}` places filled in; the name itself where there is none.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return (strings[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * A concept's name in the page's language; models may bring concepts that no file knows.
 *
 * @param {string} concept
 */
export function conceptName(concept) {
  return textOr(`concept.${concept}`, concept.charAt(0).toUpperCase() + concept.slice(1).replaceAll("_", " "));
}

/**
 * The text of that name, or another where the page's language has none.
 *
 * @param {string} key
 * @param {string} other
 */
export function textOr(key, other) {
  return strings[key] ?? other;
}

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/** The language chosen last time, else the first that the browser asks for and the page has. */
export function preferredLanguage() {
  const chosen = preference("language");
  if (typeof chosen === "string" && chosen in LANGUAGES) return /** @type {Language} */ (chosen);
  for (const tag of navigator.languages ?? [navigator.language]) {
    if (/^zh\b/i.test(tag)) return "zh-Hant";
    if (/^ko\b/i.test(tag)) return "ko";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}

/** Throws where the server does not answer; then everything stays as it is. @param {Language} next */
export async function loadLanguage(next) {
  const files = next === "en" ? ["en"] : ["en", next];
  const loaded = await Promise.all(files.map(async (name) => (await fetch(`i18n/${name}.json`)).json()));
  strings = Object.assign({}, ...loaded);
  language = next;
  document.documentElement.lang = next;
  translate(document);
  for (const listener of listeners) listener();
}

/** @param {Language} next */
export async function switchLanguage(next) {
  await loadLanguage(next);
  setPreference("language", next);
}

/** @param {() => void} listener  called after each change of language */
export function onLanguage(listener) {
  listeners.push(listener);
}

/**
 * Fill in every element that names its text (`data-i18n`), or its label and tooltip (`data-i18n-label`, with
 * `data-keys` added to the tooltip).
 *
 * @param {ParentNode} root
 */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-i18n]")) {
    element.textContent = t(element.getAttribute("data-i18n") ?? "");
  }
  for (const element of root.querySelectorAll("[data-i18n-label]")) {
    const text = t(element.getAttribute("data-i18n-label") ?? "");
    element.setAttribute("aria-label", text);
    if (element.matches("button")) {
      const keys = element.getAttribute("data-keys");
      element.setAttribute("title", keys ? `${text} (${keyName(keys)})` : text);
    }
  }
}

/** @param {string} keys  `Mod` for the system's own, `{space}` for what the language calls it */
export function keyName(keys) {
  const apple = /Mac|iPhone|iPad/.test(navigator.platform ?? "");
  return keys.replaceAll("Mod", apple ? "⌘" : "Ctrl").replace(/\{(\w+)\}/g, (_, name) => t(`key.${name}`));
}
