/** The keys that work everywhere on the page; those that paint are in painting/keys.js. */

import { takesText } from "../ui/focus.js";

/**
 * @typedef {object} KeyActions
 * @property {() => boolean} cancel  an unfinished gesture; false where there is none
 * @property {() => void} end  an unfinished gesture
 * @property {() => void} draw
 * @property {() => void} remove
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {(step: 1 | -1) => void} size
 * @property {(index: number) => void} brushAt
 * @property {(pressed: boolean) => void} compare
 * @property {() => void} fit
 * @property {() => void} random
 * @property {() => void} variations
 * @property {() => void} style
 * @property {() => void} help
 * @property {() => void} everywhere
 * @property {() => void} exact
 * @property {() => void} inspect
 * @property {() => void} leave  whatever is open
 * @property {(tool: import("../painting/brush.js").Tool) => void} tool
 * @property {(factor: number) => void} zoom
 */

/** What the list of keys shows: keys, `{space}` for what `key.space` says, and the name of their text. */
export const KEYS = [
  ["B", "draw"],
  ["E", "remove"],
  ["1 … 9, 0", "keys.brush"],
  ["[  ]", "size"],
  ["F, L, M, P, X", "keys.tools"],
  ["A", "everywhere"],
  ["G", "exact"],
  ["Mod+Z", "undo"],
  ["Shift+Z, Mod+Y", "redo"],
  ["C", "compare"],
  ["I", "inspect"],
  ["R", "random"],
  ["V", "variations.show"],
  ["S", "style"],
  ["←  ↑  →  ↓", "keys.move"],
  ["{space}", "keys.dab"],
  ["Enter", "keys.stroke"],
  ["{space}+{drag}", "keys.pan"],
  ["Mod+0", "fit"],
  ["?", "help"],
];

/** Where these are on other layouts. @type {Record<string, string>} */
const PLACES = { BracketLeft: "[", BracketRight: "]", Minus: "-", Equal: "=" };
const UNNAMED = ["Dead", "Process", "Unidentified"]; // keys that type nothing that the browser could tell

/** They may be pressed during a gesture, which keeps the brush that it began with. */
const BRUSH_KEYS = /^[becfglmpx[\]\d]$/;

/**
 * What a key means: the Latin letter, digit or bracket that it types, or else, as on a Korean keyboard or with Option,
 * the one that has its place on an American keyboard.
 *
 * @param {KeyboardEvent} event
 * @returns {string} in lower case
 */
function meaning({ key, code, shiftKey }) {
  const named = key.length > 1 && !UNNAMED.includes(key);
  if (named || /^[a-z\d[\]]$/i.test(key)) return key.toLowerCase();
  const [, letter, digit] = /^(?:Key([A-Z])|(?:Digit|Numpad)(\d))$/.exec(code) ?? [];
  if ("?+=-".includes(key) && (shiftKey || !digit)) return key;
  if (code === "Slash" && shiftKey) return "?";
  return (letter ?? digit ?? PLACES[code] ?? key).toLowerCase();
}

/** @type {Record<string, import("../painting/brush.js").Tool>} */
const TOOLS = { f: "brush", l: "line", m: "rect", p: "pick", x: "eraser" };

/** @param {KeyActions} actions */
export function listenToKeys(actions) {
  /** @type {Record<string, () => void>} */
  const plain = {
    b: actions.draw,
    e: actions.remove,
    "[": () => actions.size(-1),
    "]": () => actions.size(1),
    a: actions.everywhere,
    c: () => actions.compare(true),
    r: actions.random,
    g: actions.exact,
    v: actions.variations,
    s: actions.style,
    i: actions.inspect,
    escape: actions.leave,
    "?": actions.help,
  };

  let cancelled = false; // by the key that is still down
  window.addEventListener("keydown", (event) => {
    // Alt with a letter is the browser's; a character typed with AltGr or Option is a key like any other.
    if (event.altKey && /^[a-z\d]$/i.test(event.key)) return;
    const key = meaning(event);
    const modified = (event.ctrlKey || event.metaKey) && !event.altKey && !event.getModifierState("AltGraph");
    const action = modified ? withModifier(event, key) : withoutModifier(event, key);
    if (!action) return;
    const cancels = action === actions.undo || action === actions.leave;
    cancelled = (event.repeat && cancelled) || (cancels && actions.cancel());
    if (!cancelled) {
      if (typing(event.target)) return;
      if (modified || !BRUSH_KEYS.test(key)) actions.end();
      action();
    }
    event.preventDefault();
  });

  window.addEventListener("keyup", (event) => {
    if (meaning(event) === "c") actions.compare(false);
  });

  /** @param {KeyboardEvent} event @param {string} key */
  function withModifier(event, key) {
    if (key === "z") return event.shiftKey ? actions.redo : actions.undo;
    if (key === "y") return actions.redo;
    if (key === "0") return actions.fit;
    return undefined;
  }

  /** @param {KeyboardEvent} event @param {string} key */
  function withoutModifier(event, key) {
    if (event.shiftKey && key === "z") return actions.redo;
    if (event.repeat && key !== "[" && key !== "]") return undefined;
    if (key === "+" || key === "=") return () => actions.zoom(1.25);
    if (key === "-") return () => actions.zoom(0.8);
    if (/^\d$/.test(key)) return () => actions.brushAt((Number(key) + 9) % 10);
    if (TOOLS[key]) return () => actions.tool(TOOLS[key]);
    return plain[key];
  }
}

/** @param {EventTarget | null} target */
function typing(target) {
  if (document.querySelector("dialog[open]")) return true;
  return takesText(target) || target instanceof HTMLSelectElement;
}
