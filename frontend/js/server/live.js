/** The live socket: numbered pictures go up, numbered frames come down. Reconnects by itself, ever more patiently. */

/** @typedef {import("../picture/document.js").Picture} Picture */

const FIRST_WAIT = 400;
const LONGEST_WAIT = 10_000;

/**
 * @typedef {object} LiveHandlers
 * @property {(seq: number, jpeg: Uint8Array<ArrayBuffer>) => void} onFrame
 * @property {(seq: number, problem: {status?: number, title?: string, detail?: string}) => void} onProblem
 * @property {(open: boolean) => void} onState
 *
 * @typedef {object} Live
 * @property {() => boolean} open
 * @property {(seq: number, picture: Picture) => void} send
 * @property {() => void} retry  try at once instead of waiting on
 */

/**
 * @param {string} url
 * @param {LiveHandlers} handlers
 * @returns {Live}
 */
export function createLive(url, { onFrame, onProblem, onState }) {
  /** @type {WebSocket | null} */
  let socket = null;
  let wait = FIRST_WAIT;
  /** @type {number | undefined} */
  let timer;

  function connect() {
    clearTimeout(timer);
    try {
      socket = new WebSocket(url);
    } catch {
      later();
      return;
    }
    const opened = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      wait = FIRST_WAIT;
      onState(true);
    });
    socket.addEventListener("message", ({ data }) => receive(data));
    socket.addEventListener("close", () => {
      if (socket !== opened) return;
      socket = null;
      onState(false);
      later();
    });
  }

  function later() {
    timer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
    wait = Math.min(LONGEST_WAIT, wait * 1.8);
  }

  /** @param {ArrayBuffer | string} data */
  function receive(data) {
    if (typeof data === "string") {
      const { seq, problem } = JSON.parse(data);
      onProblem(seq ?? 0, problem ?? {});
    } else {
      onFrame(new DataView(data).getUint32(0), new Uint8Array(data, 4));
    }
  }

  connect();
  return {
    open: () => socket?.readyState === WebSocket.OPEN,
    send: (seq, picture) => socket?.send(JSON.stringify({ seq, picture })),
    retry() {
      if (socket === null) connect();
    },
  };
}
