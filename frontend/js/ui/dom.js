/** Finding and making elements. */

/**
 * The element with that id, checked to be of the given class.
 *
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`#${id} is missing`);
  return element;
}

/**
 * Make an element: `make("button", {type: "button", class: "icon"}, "text", child)`. Attributes that are null or
 * false are left out, true gives an empty one.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/**
 * Scroll what holds the element so far that it can be seen; the page itself stays where it is.
 *
 * @param {Element} element
 */
export function reveal(element) {
  const frame = element.parentElement;
  if (!frame) return;
  const [own, room] = [element.getBoundingClientRect(), frame.getBoundingClientRect()];
  const margin = own.width / 2;
  /** @param {number} start @param {number} end  how far the element sticks out on either side */
  const by = (start, end) => (start > -margin ? -start - margin : end > -margin ? end + margin : 0);
  frame.scrollBy(by(room.left - own.left, own.right - room.right), by(room.top - own.top, own.bottom - room.bottom));
}
