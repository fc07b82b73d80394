/** A small painting for each concept, on a 48 grid; a letter on a colour where there is none. */

import { svg } from "../ui/icons.js";

const SKY = '<rect width="48" height="48" fill="#8cc8f5"/>';
const MEADOW = '<path d="M0 33c10-5 20-5 28-2s14 2 20-1v18H0z" fill="#7cc454"/>';

/** @type {Record<string, string>} */
const PAINTINGS = {
  sky:
    '<rect width="48" height="48" fill="#3f8fe0"/><rect y="16" width="48" height="16" fill="#6fb2ee"/>' +
    '<rect y="32" width="48" height="16" fill="#a9d5f7"/><circle cx="33" cy="15" r="7" fill="#ffe9a3"/>',
  cloud:
    '<rect width="48" height="48" fill="#6fb2ee"/><g fill="#fff"><circle cx="17" cy="27" r="8"/>' +
    '<circle cx="27" cy="22" r="10"/><circle cx="35" cy="28" r="7"/><rect x="10" y="26" width="31" height="9" rx="4.5"/></g>',
  mountain:
    '<rect width="48" height="48" fill="#bfe0f7"/><path d="M2 40 20 11l18 29z" fill="#7d78a8"/>' +
    '<path d="m20 11 6.2 10-3.2 2-3-3-3 3-3.2-2z" fill="#fff"/><path d="m22 40 12-20 12 20z" fill="#68639a"/>' +
    '<path d="m34 20 3.5 5.8-3.5 2-3.5-2z" fill="#f3f3fa"/><path d="M0 38h48v10H0z" fill="#8fcf6a"/>',
  grass:
    '<rect width="48" height="48" fill="#a9d5f7"/><path d="M0 25c12-8 24-8 48 0v23H0z" fill="#7cc454"/>' +
    '<path d="M0 36c14-6 30-6 48-1v13H0z" fill="#5cab3c"/><path d="M12 40c0-4 1-6 2-8 1 2 2 4 2 8m15 2c0-4 1-6 2-8 1 2 2 4 2 8" stroke="#2f7d25" stroke-width="2.2" fill="none" stroke-linecap="round"/>',
  path:
    SKY + '<path d="M0 22c14-5 30-5 48 0v26H0z" fill="#7cc454"/>' +
    '<path d="M25 21c4 4-10 7-6 13s-8 8-9 14h24c2-8 2-10-5-15s3-8-2-12z" fill="#dcc08d"/>',
  water:
    '<rect width="48" height="48" fill="#7cc454"/><rect width="48" height="15" fill="#a9d5f7"/>' +
    '<path d="M0 18c16-4 32-4 48 0v30H0z" fill="#2f80d0"/><path d="M6 27c4-3 7 3 11 0s7 3 11 0 7 3 11 0M10 37c4-3 7 3 11 0s7 3 11 0 6 2 9 0" stroke="#bfe2ff" stroke-width="2.6" fill="none" stroke-linecap="round"/>',
  tree:
    SKY + MEADOW + '<rect x="21.5" y="28" width="5" height="13" rx="1.5" fill="#7a4a25"/>' +
    '<circle cx="24" cy="18" r="11" fill="#2f8a3f"/><circle cx="16.5" cy="24" r="7" fill="#2a7c38"/><circle cx="32" cy="24" r="7" fill="#277334"/><circle cx="20.5" cy="14" r="4" fill="#54a958"/>',
  wall:
    '<rect width="48" height="48" fill="#e9c9b0"/><g fill="#c9694f"><rect x="1" y="4" width="20" height="9" rx="1"/><rect x="24" y="4" width="20" height="9" rx="1"/>' +
    '<rect x="-9" y="16" width="20" height="9" rx="1"/><rect x="14" y="16" width="20" height="9" rx="1"/><rect x="37" y="16" width="20" height="9" rx="1"/>' +
    '<rect x="1" y="28" width="20" height="9" rx="1"/><rect x="24" y="28" width="20" height="9" rx="1"/><rect x="-9" y="40" width="20" height="9" rx="1"/><rect x="14" y="40" width="20" height="9" rx="1"/><rect x="37" y="40" width="20" height="9" rx="1"/></g>',
  roof:
    SKY + '<rect x="10" y="28" width="28" height="20" fill="#f2dcc0"/><path d="M24 9 44 29H4z" fill="#a53a35"/>' +
    '<path d="M24 9 44 29h-5L24 14 9 29H4z" fill="#7d2830"/><rect x="32" y="10" width="5" height="10" fill="#7d2830"/>',
  dome:
    SKY + '<rect x="13" y="34" width="22" height="14" fill="#f2dcc0"/><path d="M24 9c2 5 13 8 13 18 0 4-2 6-4 8H15c-2-2-4-4-4-8 0-10 11-13 13-18z" fill="#f0b429"/>' +
    '<path d="M24 9c1 5 5 9 5 18 0 4-1 6-2 8h6c2-2 4-4 4-8 0-10-11-13-13-18z" fill="#d9961a"/><path d="M24 3v7M21.5 6h5" stroke="#b97a10" stroke-width="1.8" stroke-linecap="round"/>',
  door:
    '<rect width="48" height="48" fill="#f2dcc0"/><path d="M13 48V22a11 11 0 0 1 22 0v26z" fill="#6e3a10"/>' +
    '<path d="M16 48V22a8 8 0 0 1 16 0v26z" fill="#945321"/><path d="M24 14v34" stroke="#6e3a10" stroke-width="1.6"/><circle cx="28" cy="32" r="1.7" fill="#ffd166"/>',
  window:
    '<rect width="48" height="48" fill="#f2dcc0"/><path d="M12 39V21a12 12 0 0 1 24 0v18z" fill="#fff"/>' +
    '<path d="M15 36V21a9 9 0 0 1 18 0v15z" fill="#2f4a9c"/><path d="M24 12v24M15 24h18" stroke="#fff" stroke-width="2.4"/><rect x="10" y="38" width="28" height="4" rx="1" fill="#c8a888"/>',
};
PAINTINGS.brick = PAINTINGS.wall;

const COLOURS = ["#5b6fb5", "#3f8a76", "#a8653a", "#8a5a9c", "#4c86a8", "#a34f62", "#6d7d3a", "#7a6a58"];

/**
 * @param {string} concept
 * @returns {SVGElement}
 */
export function conceptIcon(concept) {
  const painting = PAINTINGS[concept];
  if (painting) return svg(painting, 48);
  const code = [...concept].reduce((sum, c) => (sum * 31 + (c.codePointAt(0) ?? 0)) % 9973, 7);
  const element = svg(
    `<rect width="48" height="48" fill="${COLOURS[code % COLOURS.length]}"/>` +
      '<text x="24" y="32" text-anchor="middle" font-size="24" font-weight="600" fill="#fff" font-family="sans-serif"></text>',
    48,
  );
  const letter = element.querySelector("text");
  // Of "region 12" the number says more than the letter that all of them begin with.
  if (letter) letter.textContent = /\d{1,2}$/.exec(concept)?.[0] ?? concept.slice(0, 1).toUpperCase();
  return element;
}
