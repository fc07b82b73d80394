/** The studio's own icons, drawn as lines on a 24 grid. */

/** @type {Record<string, string>} */
const LINES = {
  undo: '<path d="M8.5 5 4 9.5 8.5 14"/><path d="M4.5 9.5H14a5.5 5.5 0 0 1 0 11h-3"/>',
  redo: '<path d="M15.5 5 20 9.5 15.5 14"/><path d="M19.5 9.5H10a5.5 5.5 0 0 0 0 11h3"/>',
  reset: '<path d="M5 12a7.2 7.2 0 1 0 2.3-5.3"/><path d="M4.6 3.8v4.4H9"/>',
  compare: '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="3"/>',
  split: '<rect x="3.5" y="5" width="17" height="14" rx="2.5"/><path d="M12 2.5v19"/><path d="M15 9.5 17.5 12 15 14.5M9 9.5 6.5 12 9 14.5"/>',
  fit: '<path d="M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9M15 4h3.5A1.5 1.5 0 0 1 20 5.5V9M20 15v3.5a1.5 1.5 0 0 1-1.5 1.5H15M9 20H5.5A1.5 1.5 0 0 1 4 18.5V15"/>',
  download: '<path d="M12 4v11M7.5 11 12 15.5 16.5 11M4.5 19.5h15"/>',
  theme: '<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor"/>',
  help: '<circle cx="12" cy="12" r="8.7"/><path d="M9.6 9.6a2.5 2.5 0 1 1 3.6 2.300c-.8.4-1.2.9-1.2 1.8"/><path d="M12 16.8v.1"/>',
  close: '<path d="M6 6l12 12M18 6 6 18"/>',
  draw: '<path d="M4 20c3.5.4 5.5-.6 5.5-3.200a2.6 2.6 0 0 0-5.1-.6c-.4 1.6.1 2.8-.4 3.8z" fill="currentColor"/><path d="M9.3 14.6 18.5 4.4a1.5 1.5 0 0 1 2.2 2L11 16.2"/>',
  eraser: '<path d="M13.5 5.5 4.8 14.200a1.8 1.8 0 0 0 0 2.6l3 3h4.4l7.3-7.300a1.8 1.8 0 0 0 0-2.6l-4.4-4.4a1.1 1.1 0 0 0-1.6 0z"/><path d="m9 10 6.5 6.5M12 19.8h8"/>',
  dice: '<rect x="4" y="4" width="16" height="16" rx="4"/><g fill="currentColor" stroke="none"><circle cx="8.6" cy="8.6" r="1.5"/><circle cx="15.4" cy="8.6" r="1.5"/><circle cx="12" cy="12" r="1.5"/><circle cx="8.6" cy="15.4" r="1.5"/><circle cx="15.4" cy="15.4" r="1.5"/></g>',
  offline: '<path d="M4 9.5A12 12 0 0 1 12 6.5c3 0 5.8 1.1 8 3M7 13.200a7.5 7.5 0 0 1 10 0M12 17.5v.1M4 4l16 16"/>',
  freehand: '<path d="M4 17c2-6 5-9 7-7.5s-2.5 6.5 0 7.5 4-6 9-9"/>',
  line: '<path d="M5 19 19 5"/><circle cx="5" cy="19" r="1.6" fill="currentColor"/><circle cx="19" cy="5" r="1.6" fill="currentColor"/>',
  rect: '<rect x="4" y="6" width="16" height="12" rx="1.5" stroke-dasharray="3.2 2.6"/>',
  everywhere: '<rect x="3.5" y="3.5" width="17" height="17" rx="3"/><path d="M3.5 10 10 3.5M3.5 17 17 3.5M7 20.5 20.5 7M14 20.5l6.5-6.5"/>',
  eye: '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="3"/>',
  hidden: '<path d="M5 7.300C3.4 9.2 2.5 12 2.5 12S6 18.5 12 18.5c1.7 0 3.2-.5 4.5-1.200M9 6a9 9 0 0 1 3-.5c6 0 9.5 6.5 9.5 6.5a14 14 0 0 1-2 3M4 4l16 16"/>',
  up: '<path d="M6 14.5 12 8.5l6 6"/>',
  down: '<path d="m6 9.5 6 6 6-6"/>',
  bin: '<path d="M4 7h16M9.5 7V4.5h5V7M6 7l1 13h10l1-13"/>',
  more: '<g fill="currentColor" stroke="none"><circle cx="5.5" cy="12" r="1.7"/><circle cx="12" cy="12" r="1.7"/><circle cx="18.5" cy="12" r="1.7"/></g>',
  share: '<circle cx="6" cy="12" r="2.6"/><circle cx="17.5" cy="5.5" r="2.6"/><circle cx="17.5" cy="18.5" r="2.6"/><path d="m8.3 10.7 6.9-3.900M8.3 13.300l6.9 3.9"/>',
  link: '<path d="M10 14a4 4 0 0 0 5.7 0l3.1-3.100a4 4 0 0 0-5.7-5.7L12 6.3"/><path d="M14 10a4 4 0 0 0-5.7 0l-3.1 3.100a4 4 0 0 0 5.7 5.7l1.1-1.1"/>',
  copy: '<rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2.5"/><path d="M15.5 8.5V6A2 2 0 0 0 13.5 4H6a2 2 0 0 0-2 2v7.5a2 2 0 0 0 2 2h2.5"/>',
  open: '<path d="M4 18.5v-12A1.5 1.5 0 0 1 5.5 5h4l2 2.5h7A1.5 1.5 0 0 1 20 9v9.5a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18.5z"/>',
  pictures: '<rect x="3.5" y="7.5" width="17" height="12.5" rx="2.5"/><path d="M6 4.500h12M4 17l4.500-4.500 3.500 3.500 2.500-2.500 5.500 5"/>',
  code: '<path d="m8.5 8-4.5 4 4.5 4M15.5 8l4.5 4-4.5 4M13.5 5.5l-3 13"/>',
  clip: '<rect x="3.5" y="6" width="12" height="12" rx="2.5"/><path d="m15.5 11 5-3v8l-5-3z"/>',
  gif: '<rect x="7" y="3.5" width="13.5" height="13.5" rx="2.5"/><path d="M3.5 8v10A2.5 2.5 0 0 0 6 20.5h10"/><path d="M12 7.5v5.5l4.5-2.750z" fill="currentColor"/>',
  mix: '<circle cx="9" cy="12" r="5.5"/><circle cx="15" cy="12" r="5.5"/>',
  nearby: '<circle cx="12" cy="12" r="3"/><circle cx="12" cy="4.5" r="1.6"/><circle cx="12" cy="19.5" r="1.6"/><circle cx="4.5" cy="12" r="1.6"/><circle cx="19.5" cy="12" r="1.6"/>',
  style: '<path d="M12 3.500a8.500 8.500 0 1 0 0 17c1.600 0 2-1 1.500-2.200-.7-1.600.3-2.800 2-2.800h2c2 0 3-1.300 3-3.500 0-4.700-3.800-8.500-8.500-8.500z"/><g fill="currentColor" stroke="none"><circle cx="7.500" cy="11" r="1.400"/><circle cx="11" cy="7.200" r="1.400"/><circle cx="15.800" cy="8.700" r="1.400"/></g>',
  variations:
    '<rect x="3" y="5" width="5" height="6" rx="1.3"/><rect x="9.5" y="5" width="5" height="6" rx="1.3"/><rect x="16" y="5" width="5" height="6" rx="1.3"/><rect x="3" y="13" width="5" height="6" rx="1.3"/><rect x="9.5" y="13" width="5" height="6" rx="1.3" fill="currentColor"/><rect x="16" y="13" width="5" height="6" rx="1.3"/>',
  inspect: '<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5M10.5 8v5M8 10.5h5"/>',
  pick: '<path d="M4.5 19.5 13 11M15.500 3.500v3M15.500 11.500v-1M20.500 8h-3M12.500 8h-1M19.200 4.300 17.600 5.900M19.200 11.700 17.600 10.100M11.800 4.300l1.600 1.6"/>',
  vanish: '<circle cx="12" cy="12" r="8.5" stroke-dasharray="3.6 2.75"/><path d="M8 12h8"/>',
  stamp: '<path d="M6 20.5h12M5 17h14v-2.5a1.5 1.5 0 0 0-1.5-1.5H14c0-3 1.5-4 1.5-6a3.5 3.5 0 0 0-7 0c0 2 1.5 3 1.5 6H6.5A1.5 1.5 0 0 0 5 14.5z"/>',
  stop: '<rect x="6" y="6" width="12" height="12" rx="2"/>',
  qr: '<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM17.5 17.5H20V20h-2.5z"/>',
  search: '<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>',
};

const LOGO =
  '<rect width="32" height="32" rx="8" fill="#0b7a63"/><path d="M6 23c5-7 9-7 12-2s6 3 8 1v5H6z" fill="#8fd6a0"/>' +
  '<circle cx="21" cy="11" r="5" fill="#ffd166"/><path d="M11 20v-5" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/>' +
  '<circle cx="11" cy="12" r="4.4" fill="#fff"/>';

/**
 * @param {string} name
 * @returns {SVGElement}
 */
export function icon(name) {
  if (name === "logo") return svg(LOGO, 32);
  const element = svg(LINES[name] ?? "", 24);
  for (const [key, value] of Object.entries({
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "1.8",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  })) {
    element.setAttribute(key, value);
  }
  return element;
}

/**
 * @param {string} body  markup of this program's own
 * @param {number} grid
 * @returns {SVGElement}
 */
export function svg(body, grid) {
  const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${grid} ${grid}" aria-hidden="true">${body}</svg>`;
  return /** @type {SVGElement} */ (
    /** @type {unknown} */ (document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true))
  );
}

/**
 * Put the icon named by `data-icon` in front of each element that asks for one.
 *
 * @param {ParentNode} root
 */
export function placeIcons(root) {
  for (const element of root.querySelectorAll("[data-icon]")) {
    element.prepend(icon(element.getAttribute("data-icon") ?? ""));
  }
}
