/** What the server knows of the model in use, asked for whenever it is another one. */

import { concepts, directions } from "./api.js";
import { Problem } from "./request.js";

/** @typedef {import("./api.js").Concept} Concept */
/** @typedef {import("./api.js").Direction} Direction */

/**
 * @typedef {object} ModelHandlers
 * @property {(name: string) => void} onChange  another one is used
 * @property {(answer: {concepts: Concept[], directions: Direction[]}) => void} onLoaded
 * @property {(error: Problem, again: () => void) => void} onProblem
 * @property {() => void} onUnreachable
 */

/**
 * @param {ModelHandlers} handlers
 * @returns {(name: string) => void} to call with the name of the model in use, as often as one likes: only another one,
 *   or one whose answer did not come, is asked for
 */
export function createModelLoader({ onChange, onLoaded, onProblem, onUnreachable }) {
  /** @type {string | undefined} */
  let current;

  /** @param {string} name */
  async function use(name) {
    if (name === current) return;
    current = name;
    onChange(name);
    try {
      const [ownConcepts, ownDirections] = await Promise.all([concepts(name), directions(name)]);
      if (current === name) onLoaded({ concepts: ownConcepts, directions: ownDirections });
    } catch (error) {
      if (current !== name) return;
      current = undefined;
      if (error instanceof Problem && error.status < 500) onProblem(error, () => void use(name));
      else onUnreachable();
    }
  }

  return (name) => void use(name);
}
