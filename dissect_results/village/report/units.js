// @ts-check
/* The units: their strongest pictures with the region each answers to outlined, filtered and sorted. */

/**
 * The sheets of sample pictures, each loaded once.
 * @param {string[]} names
 * @returns {(number: number) => Promise<HTMLImageElement>}
 */
function sheetLoader(names) {
  /** @type {Map<number, Promise<HTMLImageElement>>} */
  const loaded = new Map();
  return (number) => {
    const known = loaded.get(number);
    if (known) return known;
    const image = new Image();
    image.src = names[number] ?? "";
    const ready = image.decode().then(() => image);
    loaded.set(number, ready);
    return ready;
  };
}

/**
 * Outline the cells of a bit raster on a canvas.
 * @param {CanvasRenderingContext2D} context
 * @param {Uint8Array} bits
 * @param {number} first The picture's first bit.
 * @param {number} cells Rows and columns of the raster.
 */
function outline(context, bits, first, cells) {
  const { width, height } = context.canvas, size = Math.max(width, height);
  const on = (/** @type {number} */ row, /** @type {number} */ column) => {
    if (row < 0 || column < 0 || row >= cells || column >= cells) return false;
    const bit = first + row * cells + column;
    return (((bits[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
  };
  const across = width / cells, down = height / cells;
  const path = new Path2D();
  const shade = new Path2D();
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const x = column * across, y = row * down;
      if (!on(row, column)) {
        shade.rect(x, y, across + 0.5, down + 0.5);
        continue;
      }
      if (!on(row - 1, column)) { path.moveTo(x, y); path.lineTo(x + across, y); }
      if (!on(row + 1, column)) { path.moveTo(x, y + down); path.lineTo(x + across, y + down); }
      if (!on(row, column - 1)) { path.moveTo(x, y); path.lineTo(x, y + down); }
      if (!on(row, column + 1)) { path.moveTo(x + across, y); path.lineTo(x + across, y + down); }
    }
  }
  context.fillStyle = "rgb(0 0 0 / 35%)";
  context.fill(shade);
  context.lineCap = "round";
  context.strokeStyle = "#000";
  context.lineWidth = size / 40;
  context.stroke(path);
  context.strokeStyle = "#ffe14d";
  context.lineWidth = size / 80;
  context.stroke(path);
}

/**
 * One unit's card.
 * @param {Dissection} d
 * @param {Layer} layer
 * @param {number} number
 * @param {(number: number) => Promise<HTMLImageElement>} sheet
 * @returns {HTMLElement}
 */
function unitCard(d, layer, number, sheet) {
  const [matches, tiles, regions] = /** @type {Unit} */ (layer.units[number]);
  const bits = Uint8Array.from(atob(regions), (c) => c.charCodeAt(0));
  const [width, height] = d.tile, perPicture = d.region * d.region;
  const pictures = make("div", { class: "pictures" });
  tiles.forEach((tile, i) => {
    const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", {
      width: 2 * width, height: 2 * height, role: "img", title: `seed ${d.seeds[tile]}`,
      "aria-label": `Seed ${d.seeds[tile]}, with the unit's region outlined`,
    }));
    pictures.append(canvas);
    const place = tile % d.perSheet;
    void sheet(Math.floor(tile / d.perSheet)).then((image) => {
      const context = canvas.getContext("2d");
      if (!context) return;
      const x = (place % d.columns) * width, y = Math.floor(place / d.columns) * height;
      context.drawImage(image, x, y, width, height, 0, 0, canvas.width, canvas.height);
      outline(context, bits, i * perPicture, d.region);
    });
  });
  const chips = make("ul", { class: "chips" });
  for (const [concept, iou, fixed] of matches) {
    const dot = make("i");
    dot.style.background = colour(concept);
    chips.append(make("li", { title: `at the unit's 0.99 quantile: ${fixed.toFixed(3)}` },
      [dot, `${d.concepts[concept]} ${iou.toFixed(3)}`]));
  }
  if (!matches.length) chips.append(make("li", {}, ["matches no concept"]));
  const head = make("h3", {}, [`Unit ${number}`, make("small", {}, [layer.name])]);
  return make("article", { class: "unit" }, [head, pictures, chips]);
}

/**
 * The numbers of the units to show, in order.
 * @param {Dissection} d
 * @param {Layer} layer
 * @param {number} concept -1 for any.
 * @param {string} order "iou", "concept" or "unit".
 * @param {boolean} all Also units that match nothing.
 * @returns {number[]}
 */
function chosenUnits(d, layer, concept, order, all) {
  const iou = (/** @type {number} */ unit) => {
    const matches = layer.units[unit]?.[0] ?? [];
    const match = concept < 0 ? matches[0] : matches.find((m) => m[0] === concept);
    return match ? match[1] : 0;
  };
  const named = (/** @type {number} */ unit) => layer.units[unit]?.[0][0]?.[0] ?? d.concepts.length;
  const numbers = layer.units.map((_, unit) => unit).filter((unit) => {
    return iou(unit) > 0 || (all && concept < 0);
  });
  if (order === "iou") numbers.sort((a, b) => iou(b) - iou(a));
  if (order === "concept") numbers.sort((a, b) => named(a) - named(b) || iou(b) - iou(a));
  return numbers;
}
