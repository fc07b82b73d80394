/**
 * Keeps the present picture on the server too. A picture there follows the scene here step by step: what is undone in
 * the studio is undone there, so that its history, for whoever opens it by its id, is the one seen here.
 */

/** @typedef {import("../picture/types.js").Picture} Picture */

import { Problem, createPicture, replaceState, stepPicture } from "./api.js";
import { preference, setPreference } from "../lib/storage.js";

const PAUSE = 500; // ms without a change
const MOST_WAITING = 100; // steps; past them the oldest are skipped
const MOST_SCENES = 20;
const MOST_STEPS = 300;

/**
 * The picture that the server keeps of a scene. `line` has a mark for each state of its history as far as we know it,
 * `at` is the present one.
 *
 * @typedef {{base: string, id: string, revision: number, line: string[], at: number}} Kept
 *
 * @typedef {object} Saver
 * @property {(picture: Picture) => void} save  soon
 * @property {(history: {states: Picture[], position: number}) => void} resume  after a reload: what of the history the
 *   server does not know yet, step by step
 * @property {() => void} again  what could not be kept before
 * @property {(picture: Picture) => Promise<string>} keep  now; gives the id, throws what the api throws
 */

/** The next visitor's picture is another one, even of the same scene. */
export function forgetSaved() {
  setPreference("saved", null);
}

/** @returns {Saver} */
export function createSaver() {
  /** @type {Picture[]} */
  let waiting = [];
  /** @type {Promise<void> | null} */
  let running = null;
  /** @type {number | undefined} */
  let timer;

  function run() {
    return (running ??= catchUp().finally(() => (running = null)));
  }

  async function catchUp() {
    try {
      for (let picture = waiting[0]; picture; picture = waiting[0]) {
        if (worthKeeping(picture)) await follow(picture);
        if (waiting[0] === picture) waiting.shift();
      }
    } catch (error) {
      // The browser holds the picture as well, and the next change or the server's return tries again.
      if (error instanceof Problem) waiting.shift();
    }
  }

  /** @param {Picture[]} pictures */
  function soon(...pictures) {
    waiting = [...waiting, ...pictures].slice(-MOST_WAITING);
    clearTimeout(timer);
    timer = setTimeout(run, PAUSE);
  }

  return {
    save: (picture) => soon(picture),
    resume: (history) => soon(...missing(history)),
    again: () => void run(),
    async keep(picture) {
      clearTimeout(timer);
      await run();
      return follow(picture);
    },
  };
}

/** Scenes that somebody only looked at are nothing to keep. @param {Picture} picture */
function worthKeeping(picture) {
  return picture.edits.length > 0 || all().some(({ base }) => base === baseOf(picture));
}

/**
 * The way from the state that the server has to the present one, through those that it lacks.
 *
 * @param {{states: Picture[], position: number}} history
 * @returns {Picture[]} each one step from the last
 */
function missing({ states, position }) {
  const base = baseOf(states[position]);
  let first = position;
  while (first > 0 && baseOf(states[first - 1]) === base) first -= 1;
  let last = position;
  while (last < states.length - 1 && baseOf(states[last + 1]) === base) last += 1;

  const known = all().find((kept) => kept.base === base);
  const marks = states.map(markOf);
  let from = first - 1;
  if (known) {
    const same = marks.flatMap((mark, i) => (mark === known.line[known.at] && i >= first && i <= last ? [i] : []));
    if (!same.length) return [states[position]];
    from = same.reduce((best, i) => (Math.abs(i - position) < Math.abs(best - position) ? i : best));
  }
  const ahead = known?.line.slice(known.at + 1) ?? [];
  const whole = marks.slice(from + 1, last + 1).every((mark, i) => mark === ahead[i]);
  const far = whole ? Math.max(from, position) : last;
  return [...states.slice(from + 1, far + 1), ...states.slice(position, far).reverse()];
}

/**
 * @param {Picture} picture
 * @returns {Promise<string>} the id of the server's picture, which is like this one now
 */
async function follow(picture) {
  const base = baseOf(picture);
  const known = all().find((kept) => kept.base === base);
  if (known) {
    try {
      remember(await stepped(known, picture));
      return known.id;
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) throw error;
    }
  }
  const { id, revision } = await createPicture(picture);
  remember({ base, id, revision, line: [markOf(picture)], at: 0 });
  return id;
}

/**
 * @param {Kept} kept
 * @param {Picture} picture
 * @returns {Promise<Kept>}
 */
async function stepped(kept, picture) {
  const { id, revision, line, at } = kept;
  const mark = markOf(picture);
  if (line[at] === mark) return kept;
  const by = line[at - 1] === mark ? -1 : line[at + 1] === mark ? 1 : 0;
  if (by) {
    try {
      return { ...kept, revision: await stepPicture(id, by < 0 ? "undo" : "redo", revision), at: at + by };
    } catch (error) {
      // Somebody else has changed it, or its oldest steps are gone: then this is one step more.
      if (!(error instanceof Problem && (error.status === 409 || error.status === 412))) throw error;
    }
  }
  const now = await replaceState(id, picture);
  if (now === revision) return { ...kept, line: line.map((old, i) => (i === at ? mark : old)) };
  const before = now === revision + 1 ? line.slice(0, at + 1).slice(1 - MOST_STEPS) : [];
  return { ...kept, revision: now, line: [...before, mark], at: before.length };
}

/** @returns {Kept[]} the scene saved last stands last */
function all() {
  const kept = preference("saved");
  return Array.isArray(kept) ? kept : [];
}

/** @param {Kept} kept */
function remember(kept) {
  setPreference("saved", [...all().filter(({ base }) => base !== kept.base), kept].slice(-MOST_SCENES));
}

/** @param {Picture} picture */
function baseOf({ model, seed, z }) {
  return markOfText(JSON.stringify([model, seed ?? z]));
}

/** @param {Picture} picture */
function markOf({ edits, directions = {}, clean = false }) {
  return markOfText(JSON.stringify([edits, Object.entries(directions).sort(), clean]));
}

/**
 * A short name for a text: two sums after Fowler, Noll and Vo, 32 bits each.
 *
 * @param {string} text
 */
function markOfText(text) {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i += 1) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b) ^ (b >>> 13);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
