/** The page's language: one flat JSON file each, chosen from the browser's wishes and switchable. */

import { preference, setPreference } from "../lib/storage.js";

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
  return strings[`concept.${concept}`] ?? concept.charAt(0).toUpperCase() + concept.slice(1).replaceAll("_", " ");
}

/**
 * What a direction and its ends are called in the page's language; else as the server calls them.
 *
 * @param {import("../picture/types.js").Direction} direction
 */
export function directionWords({ name, title, low, high }) {
  const word = (/** @type {string} */ key, /** @type {string} */ usual) => strings[`direction.${name}${key}`] ?? usual;
  return { title: word("", title), low: word(".low", low), high: word(".high", high) };
}

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/** The language kept from last time, else the first of the browser's that we speak. */
export function preferredLanguage() {
  const kept = preference("language");
  if (typeof kept === "string" && kept in LANGUAGES) return /** @type {Language} */ (kept);
  for (const wish of navigator.languages ?? [navigator.language]) {
    if (/^zh\b/i.test(wish)) return "zh-Hant";
    if (/^ko\b/i.test(wish)) return "ko";
    if (/^en\b/i.test(wish)) return "en";
  }
  return "en";
}

/** Throws where the server does not answer; then everything stays as it is. @param {Language} wanted */
export async function loadLanguage(wanted) {
  const files = wanted === "en" ? ["en"] : ["en", wanted];
  const loaded = await Promise.all(files.map(async (name) => (await fetch(`i18n/${name}.json`)).json()));
  strings = Object.assign({}, ...loaded);
  language = wanted;
  document.documentElement.lang = wanted;
  translate(document);
  for (const listener of listeners) listener();
}

/** @param {Language} wanted */
export async function switchLanguage(wanted) {
  await loadLanguage(wanted);
  setPreference("language", wanted);
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
