// @ts-check
/**
 * What data.js holds. The page runs from the file system too, where no modules load: its scripts share one scope.
 *
 * @typedef {[concept: number, iou: number, fixed: number]} Match
 * @typedef {[matches: Match[], tiles: number[], regions: string]} Unit
 * @typedef {{name: string, size: number, matching: number[], units: Unit[]}} Layer
 * @typedef {{ranking: string, level: string, units: number, pictures: number, before: number, drawn: number,
 *   removed: number, disturbed: number, random_drawn: number, random_removed: number, score: number}} Trial
 * @typedef {{concept: string, layer: string, best: boolean, choice: Trial[], trials: Trial[],
 *   drawn_by_all: Record<string, number>}} BrushRecord
 * @typedef {{concept: string, layer: string, units: number, of: number, before: number, drawn: number,
 *   random_drawn: number, all_drawn: number, kept: number, stood: number, removed: number, random_removed: number,
 *   weak: string[]}} Verdict
 * @typedef {{pictures: number, before: number, drawn: number}} Cell
 * @typedef {{concept: string, share: number, training_share: number | null, present: number,
 *   training_present: number | null}} Area
 * @typedef {{model: string, samples: number, interpretable: number, aboveChance: number, concepts: string[], tile: number, columns: number,
 *   perSheet: number, sheets: string[], seeds: number[], region: number, layers: Layer[],
 *   brushes: BrushRecord[], judged: Verdict[], context: Record<string, Record<string, Cell | null>>,
 *   artifacts: {layer: string, pictures: number, measure: string, entropy: number, without_all: number,
 *     units: {unit: number, entropy: number, without: number, better: number}[]},
 *   statistics: {frechet: number | null, floor: number | null, generated: number, training: number,
 *     concepts: Area[]}}} Dissection
 */

/** @type {Dissection} */
const dissection = /** @type {any} */ (window)["DISSECTION"];
