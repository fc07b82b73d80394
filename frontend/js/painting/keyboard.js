/** The keys. Those of the picture (arrows, Space, Enter) work while it has the focus, the others everywhere. */

import { byId } from "../ui/dom.js";

/**
 * @typedef {object} KeyActions
 * @property {() => void} draw
 * @property {() => void} remove
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {(step: 1 | -1) => void} size
 * @property {(index: number) => void} brushAt
 * @property {(held: boolean) => void} compare
 * @property {() => void} fit
 * @property {() => void} random
 * @property {() => void} help
 * @property {() => void} everywhere
 * @property {() => void} inspect
 * @property {() => void} leave  whatever is open
 * @property {(tool: import("../picture/types.js").Tool) => void} tool
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

/** @type {Record<string, import("../picture/types.js").Tool>} */
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

/**
 * Painting without a pointer: arrows move the ring, Space puts a dab, Enter sets the brush down and lifts it again.
 *
 * @param {import("./pointer.js").Gestures} hand
 * @param {import("../view/ring.js").Ring} ring
 * @param {() => number} radius
 */
export function paintByKeys(hand, ring, radius) {
  const stage = byId("stage", HTMLElement);
  let down = false;

  /** @param {[number, number]} at */
  function sample([x, y]) {
    return { x, y, pointerType: "keyboard", pressure: 0 };
  }

  function lift() {
    if (!down) return;
    down = false;
    hand.end();
  }

  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = Math.max(0.01, radius() * 0.5) * (event.shiftKey ? 3 : 1);
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) {
      const [x, y] = ring.position();
      ring.moveTo(bounded(x + move[0] * step), bounded(y + move[1] * step));
      if (down) hand.move([sample(ring.position())]);
      else hand.hover(sample(ring.position()));
    } else if (event.key === "Enter") {
      ring.moveTo(...ring.position());
      if (down) lift();
      else {
        down = true;
        hand.start(sample(ring.position()));
      }
    } else if (event.key === "Escape" && down) {
      down = false;
      hand.cancel();
    } else if (event.code === "Space") {
      // Held, Space is the hand that pans; let go without a drag it is a dab.
    } else return;
    event.preventDefault();
  });

  let dragged = false;
  stage.addEventListener("pointerdown", () => {
    dragged = true;
    down = false;
  });
  window.addEventListener("keydown", (event) => {
    if (event.code === "Space" && !event.repeat) dragged = false;
  });
  stage.addEventListener("keyup", (event) => {
    if (event.code !== "Space" || event.target !== stage || dragged || down) return;
    ring.moveTo(...ring.position());
    hand.start(sample(ring.position()));
    hand.end();
  });
  stage.addEventListener("blur", () => {
    lift();
    ring.hide();
  });
  stage.addEventListener("focus", () => stage.matches(":focus-visible") && ring.moveTo(...ring.position()));
}

/** @param {number} value */
function bounded(value) {
  return Math.max(0, Math.min(1, value));
}
