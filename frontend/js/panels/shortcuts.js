/** The keys that work everywhere on the page; those that paint are in painting/keys.js. */

/**
 * @typedef {object} KeyActions
 * @property {() => void} draw
 * @property {() => void} remove
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {(step: 1 | -1) => void} size
 * @property {(index: number) => void} brushAt
 * @property {(pressed: boolean) => void} compare
 * @property {() => void} fit
 * @property {() => void} random
 * @property {() => void} help
 * @property {() => void} everywhere
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
  ["Mod+Z", "undo"],
  ["Shift+Z, Mod+Y", "redo"],
  ["C", "compare"],
  ["I", "inspect"],
  ["R", "random"],
  ["←  ↑  →  ↓", "keys.move"],
  ["{space}", "keys.dab"],
  ["Enter", "keys.stroke"],
  ["{space}+{drag}", "keys.pan"],
  ["Mod+0", "fit"],
  ["?", "help"],
];

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
    i: actions.inspect,
    escape: actions.leave,
    "?": actions.help,
  };

  window.addEventListener("keydown", (event) => {
    if (typing(event.target) || event.altKey) return;
    const key = event.key.toLowerCase();
    const action = event.ctrlKey || event.metaKey ? withModifier(event, key) : withoutModifier(event, key);
    if (!action) return;
    event.preventDefault();
    action();
  });

  window.addEventListener("keyup", (event) => {
    if (event.key.toLowerCase() === "c") actions.compare(false);
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
  if (target instanceof HTMLInputElement) return !["range", "checkbox"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
