/** The picture as a program: what to run to have the server draw it. */

/** @typedef {import("../picture/document.js").Picture} Picture */
/** @typedef {import("../picture/document.js").Edit} Edit */

/**
 * A script for `server.client`, an edit a line.
 *
 * @param {Picture} picture
 */
export function asPython({ model, seed, z, w, base, directions, clean, edits }) {
  const scene = named({ model, seed, z, w, base, directions, clean });
  return `from server.client import Client

client = Client(${literal(page())})
picture = client.picture(${scene})
${edits.map((edit) => `picture = picture.${edit.op}(${argumentsOf(edit)})\n`).join("")}picture.save("picture.png")
`;
}

/** @param {Picture} picture */
export function asCurl(picture) {
  const json = JSON.stringify(picture).replaceAll("'", "'\\''");
  return `curl -o picture.png -H 'Content-Type: application/json' -d '${json}' '${address()}'\n`;
}

/** The studio's own address, with a slash at its end. */
function page() {
  return new URL(".", document.baseURI.split("#")[0]).href;
}

function address() {
  return `${page()}api/v1/render`;
}

/**
 * What the client's `draw` and `remove` take for an edit. A mask that is an image stands as the document has it.
 *
 * @param {Edit} edit
 */
function argumentsOf({ concept, mask, units, levels, strength, layer }) {
  const { concept: region, ...others } = /** @type {Record<string, unknown>} */ (mask ?? {});
  const where = "png" in others ? { mask } : { region, ...others };
  const options = named({ ...where, units, levels, strength, layer });
  return [concept && literal(concept), options].filter(Boolean).join(", ");
}

/**
 * Python's keyword arguments, without those that are undefined.
 *
 * @param {Record<string, unknown>} values
 */
function named(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) => `${name}=${literal(value)}`).join(", ");
}

/**
 * What JSON can hold, as Python writes it: texts and numbers alike in both.
 *
 * @param {unknown} value
 * @returns {string}
 */
function literal(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, member]) => `${literal(name)}: ${literal(member)}`).join(", ")}}`;
}
