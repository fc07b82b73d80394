/** The picture as a program: what to run to have the server draw it. */

/** @typedef {import("../picture/document.js").Picture} Picture */

/** @param {Picture} picture */
export function asPython(picture) {
  const json = JSON.stringify(picture);
  return `import json
import urllib.request

picture = json.loads(${pythonString(json)})
request = urllib.request.Request(
    "${address()}",
    json.dumps(picture).encode(),
    {"Content-Type": "application/json", "Accept": "image/png"},
)
with urllib.request.urlopen(request) as answer, open("picture.png", "wb") as file:
    file.write(answer.read())
`;
}

/** @param {Picture} picture */
export function asCurl(picture) {
  const json = JSON.stringify(picture).replaceAll("'", "'\\''");
  return `curl -o picture.png -H 'Content-Type: application/json' -d '${json}' '${address()}'\n`;
}

function address() {
  return new URL("api/v1/render", document.baseURI.split("#")[0]).href;
}

/**
 * A JSON string literal is a Python one too once it is pure ASCII.
 *
 * @param {string} text
 */
function pythonString(text) {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
