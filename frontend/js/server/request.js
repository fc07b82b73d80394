/** Asking the server. Every failure is one of two errors: Unreachable, or a Problem with the server's own words. */

export const BASE = "api/v1/";
const TIMEOUT = 30_000;

/** The server did not answer. */
export class Unreachable extends Error {}

/** The server answered with a problem document. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} title
   * @param {string} detail
   * @param {number} retryAfter  seconds; 0 where the server named none
   */
  constructor(status, title, detail, retryAfter = 0) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.retryAfter = retryAfter;
  }
}

/**
 * @param {"POST" | "PUT" | "PATCH"} method
 * @param {unknown} body
 * @param {AbortSignal} [signal]
 * @returns {RequestInit}
 */
export function withBody(method, body, signal) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
export async function json(path, init) {
  return call(path, (answer) => answer.json(), init);
}

/**
 * @template T
 * @param {string} path
 * @param {(answer: Response) => Promise<T>} read  its body
 * @param {RequestInit} [init]
 * @returns {Promise<T>}
 */
export async function call(path, read, init = {}) {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT);
  init.signal?.addEventListener("abort", () => timeout.abort());
  try {
    const answer = await fetch(BASE + path, { ...init, signal: timeout.signal });
    if (answer.ok) return await read(answer);
    const body = await answer.json().catch(() => ({}));
    const retryAfter = Number(answer.headers.get("Retry-After")) || 0;
    throw new Problem(answer.status, body.title ?? answer.statusText, body.detail ?? "", retryAfter);
  } catch (error) {
    // An answer that breaks off is none.
    if (init.signal?.aborted || error instanceof Problem) throw error;
    throw new Unreachable(String(error));
  } finally {
    clearTimeout(timer);
  }
}
