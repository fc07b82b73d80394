// @ts-check
/* Small helpers to make elements; text only, never HTML. */

/**
 * The element of that id.
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/**
 * A new element with attributes, and text or children.
 * @param {string} name
 * @param {Record<string, string | number>} [attributes]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElement}
 */
function make(name, attributes = {}, children = []) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/**
 * The same for SVG.
 * @param {string} name
 * @param {Record<string, string | number>} [attributes]
 * @param {(Node | string)[]} [children]
 * @returns {SVGElement}
 */
function svg(name, attributes = {}, children = []) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/**
 * A concept's colour.
 * @param {number} concept
 * @returns {string}
 */
function colour(concept) {
  return dissection.colours[concept] ?? "gray";
}

/**
 * A number between 0 and 1 as a percentage.
 * @param {number | null} share
 * @param {number} [digits]
 * @returns {string}
 */
function percent(share, digits = 1) {
  return share === null ? "-" : `${(100 * share).toFixed(digits)} %`;
}
