/** This tab's own name, the same after a reload. Tabs that stand at the same time have different ones. */

import { readStored, writeStored } from "./storage.js";

const KEY = "unitbrush.tab";

let name = readStored(KEY, "sessionStorage") ?? fresh();
/** @type {(() => void)[]} */
const listeners = [];

export function tabName() {
  return name;
}

/** @param {() => void} listener  called when another tab goes on with this one's name: this one has a new name then */
export function onOtherName(listener) {
  listeners.push(listener);
}

function fresh() {
  const made = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("");
  writeStored(KEY, made, "sessionStorage");
  return made;
}

// A tab that is duplicated begins with all the first one has, its name too: it says so, and the first takes another.
// Where a browser has no such channel, or keeps it from this page, both go on with one name.
try {
  const channel = new BroadcastChannel(KEY);
  channel.addEventListener("message", ({ data }) => {
    if (data !== name) return;
    name = fresh();
    for (const listener of listeners) listener();
  });
  channel.postMessage(name);
} catch {
  // No channel.
}
