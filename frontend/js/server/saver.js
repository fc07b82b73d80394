/**
 * Stores the present picture on the server too, without its hidden edits. A picture there follows the scene
 * here step by step: what is undone in the studio is undone there, so that its history, for whoever opens it by its id,
 * is the one seen here. Two tabs at the same scene have a picture there each.
 */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../picture/history.js").Timeline} Timeline */

import { tabName } from "../lib/tab.js";
import { published } from "../picture/changes.js";
import { preference, setPreference } from "../ui/preferences.js";
import { createPicture, replaceState, stepPicture } from "./api.js";
import { Problem } from "./request.js";

const PAUSE = 500; // ms without a change
const MAX_WAITING = 100; // steps; past them the oldest are skipped
const MAX_SCENES = 20;
const MAX_STEPS = 300;

/**
 * What we know of the server's picture of a scene: `line` has the digest of each state of its history as far as we know
 * it, `at` is the present one. `base` is the digest of the scene, `tab` the one that paints it; null once that is closed.
 * These stand among the preferences, as `saved`.
 *
 * @typedef {{base: string, id: string, revision: number, line: string[], at: number, tab?: string | null}} Saved
 *
 * @typedef {object} Saver
 * @property {(picture: Picture) => void} save  soon
 * @property {(timeline: Timeline) => void} resume  after a reload: what of the history the server does not know yet,
 *   step by step
 * @property {() => void} again  what could not be saved before
 * @property {(picture: Picture, id: string, revision: number) => Picture} opened  the picture to paint on, of one that was
 *   opened from the server: what is painted on it goes there
 * @property {(picture: Picture) => Promise<string>} saveNow  gives the id, throws what the api throws
 */

/** The next visitor's picture is another one, even of the same scene. */
export function forgetSaved() {
  setPreference("saved", null);
}

/**
 * The server's picture has another revision, through what is no step of its history.
 *
 * @param {string} id
 * @param {number} revision
 */
export function noteRevision(id, revision) {
  setPreference("saved", all().map((saved) => (saved.id === id ? { ...saved, revision } : saved)));
}

/**
 * @param {object} parts
 * @param {() => boolean} parts.busy  whether to leave it for later
 * @param {(id: string) => void} parts.onSaved
 * @param {(problem: Problem) => void} parts.onRefused
 * @returns {Saver}
 */
export function createSaver({ busy, onSaved, onRefused }) {
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
        if (worthSaving(picture)) await store(picture);
        if (waiting[0] === picture) waiting.shift();
      }
    } catch (error) {
      // The browser has the picture as well, and the next change or the server's return tries again.
      if (error instanceof Problem) {
        waiting.shift();
        onRefused(error);
      }
    }
  }

  /** @param {Picture} picture */
  async function store(picture) {
    const id = await follow(picture);
    onSaved(id);
    return id;
  }

  /** @param {Picture[]} pictures */
  function soon(...pictures) {
    waiting = [...waiting, ...pictures].slice(-MAX_WAITING);
    pause();
  }

  function pause() {
    clearTimeout(timer);
    timer = setTimeout(() => (busy() ? pause() : void run()), PAUSE);
  }

  // Whoever goes on with this tab's work, after a reload or in a new tab, goes on with its pictures.
  window.addEventListener("pagehide", () => {
    const saved = all();
    const freed = saved.map((one) => (one.tab === tabName() ? { ...one, tab: null } : one));
    if (saved.some(({ tab }) => tab === tabName())) setPreference("saved", freed);
  });

  return {
    save: (picture) => soon(picture),
    resume: (timeline) => soon(...missing(timeline)),
    again: () => void run(),
    opened(picture, id, revision) {
      const saved = all().find((one) => one.id === id);
      if (saved?.tab === tabName() && saved.base === sceneDigest(picture)) return picture;
      const opened = { ...picture, kept: id };
      // What another tab is painting is not changed from here: the first change makes a picture of its own.
      if (!saved?.tab) remember({ base: sceneDigest(opened), id, revision, line: [stateDigest(opened)], at: 0 });
      return opened;
    },
    async saveNow(picture) {
      clearTimeout(timer);
      await run();
      return store(picture);
    },
  };
}

/** Scenes that somebody only looked at are not. @param {Picture} picture */
function worthSaving(picture) {
  return picture.edits.some(({ hidden }) => !hidden) || savedOf(picture) !== undefined;
}

/**
 * The way from the state that the server has to the present one, through those that it lacks.
 *
 * @param {Timeline} timeline
 * @returns {Picture[]} each one step from the last; none where another tab is painting them
 */
function missing({ states, position }) {
  const base = sceneDigest(states[position]);
  if (all().some((saved) => saved.base === base && saved.tab && saved.tab !== tabName())) return [];
  let first = position;
  while (first > 0 && sceneDigest(states[first - 1]) === base) first -= 1;
  let last = position;
  while (last < states.length - 1 && sceneDigest(states[last + 1]) === base) last += 1;

  const saved = savedOf(states[position]);
  const digests = states.map(stateDigest);
  let from = first - 1;
  if (saved) {
    const same = digests.flatMap((own, i) => (own === saved.line[saved.at] && i >= first && i <= last ? [i] : []));
    if (!same.length) return [states[position]];
    from = same.reduce((best, i) => (Math.abs(i - position) < Math.abs(best - position) ? i : best));
  }
  const ahead = saved?.line.slice(saved.at + 1) ?? [];
  const whole = digests.slice(from + 1, last + 1).every((own, i) => own === ahead[i]);
  const far = whole ? Math.max(from, position) : last;
  return [...states.slice(from + 1, far + 1), ...states.slice(position, far).reverse()];
}

/**
 * @param {Picture} picture
 * @returns {Promise<string>} the id of the server's picture, which is like this one now
 */
async function follow(picture) {
  const saved = savedOf(picture);
  if (saved) {
    try {
      remember(await stepped(saved, picture));
      return saved.id;
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) throw error;
    }
  }
  const { id, revision } = await createPicture(published(picture));
  remember({ base: sceneDigest(picture), id, revision, line: [stateDigest(picture)], at: 0 });
  return id;
}

/**
 * @param {Saved} saved
 * @param {Picture} picture
 * @returns {Promise<Saved>}
 */
async function stepped(saved, picture) {
  const { id, revision, line, at } = saved;
  const own = stateDigest(picture);
  if (line[at] === own) return saved;
  const by = line[at - 1] === own ? -1 : line[at + 1] === own ? 1 : 0;
  if (by) {
    try {
      return { ...saved, revision: await stepPicture(id, by < 0 ? "undo" : "redo", revision), at: at + by };
    } catch (error) {
      // Somebody else has changed it, or its oldest steps are gone: then this is one step more.
      if (!(error instanceof Problem && (error.status === 409 || error.status === 412))) throw error;
    }
  }
  const now = await replaceState(id, published(picture));
  if (now === revision) return { ...saved, line: line.map((old, i) => (i === at ? own : old)) };
  const before = now === revision + 1 ? line.slice(0, at + 1).slice(1 - MAX_STEPS) : [];
  return { ...saved, revision: now, line: [...before, own], at: before.length };
}

/** @returns {Saved[]} the scene saved last stands last */
function all() {
  const saved = preference("saved");
  return Array.isArray(saved) ? saved : [];
}

/** This tab's, or one that no tab is painting any more. @param {Picture} picture */
function savedOf(picture) {
  const base = sceneDigest(picture);
  const own = all().filter((saved) => saved.base === base && (saved.tab ?? tabName()) === tabName());
  return own.find(({ tab }) => tab) ?? own.at(-1);
}

/** @param {Saved} saved */
function remember(saved) {
  const others = all().filter(({ id, base, tab }) => id !== saved.id && !(base === saved.base && tab === tabName()));
  setPreference("saved", [...others, { ...saved, tab: tabName() }].slice(-MAX_SCENES));
}

/** @param {Picture} picture */
function sceneDigest({ model, seed, z, w, base, kept }) {
  return digest(JSON.stringify([model, base ?? seed ?? z ?? { w }, ...(kept ? [kept] : [])]));
}

/** @param {Picture} picture */
function stateDigest(picture) {
  const { edits, directions = {}, clean = false } = published(picture);
  return digest(JSON.stringify([edits, Object.entries(directions).sort(), clean]));
}

/**
 * A short name for a text: two sums after Fowler, Noll and Vo, 32 bits each.
 *
 * @param {string} text
 */
function digest(text) {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i += 1) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b) ^ (b >>> 13);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
