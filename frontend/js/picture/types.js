/**
 * The shapes that every module shares. Only types: nothing here runs.
 *
 * @typedef {"draw" | "remove"} Op
 *
 * A stroke's points are [x, y], 0..1 of the picture, y down; the radius is in fractions of its width.
 * @typedef {{points: [number, number][], radius: number, erase?: boolean}} Stroke
 *
 * @typedef {{strokes: Stroke[]}} StrokesMask
 * The other masks tell apart what was erased of them.
 * @typedef {{erase?: Stroke[]}} Erasable
 * @typedef {{rect: [number, number, number, number]} & Erasable} RectMask
 * @typedef {{png: string} & Erasable} PngMask
 * What the segmenter sees as that concept: the region at a point, or every one.
 * @typedef {{concept: string, at?: [number, number]} & Erasable} RegionMask
 * @typedef {StrokesMask | RectMask | PngMask | RegionMask | null} Mask
 *
 * An edit of a picture document. `hidden` is the studio's own and never leaves it.
 * @typedef {object} Edit
 * @property {Op} op
 * @property {string} [concept]
 * @property {Mask} mask
 * @property {number | number[]} [units]
 * @property {number[]} [levels]
 * @property {number} [strength]
 * @property {string} [layer]
 * @property {boolean} [hidden]
 *
 * A picture document. Never changed once made: every change makes a new one that shares what stays.
 * @typedef {object} Picture
 * @property {1} version
 * @property {string} model
 * @property {number} [seed]
 * @property {number[]} [z]
 * @property {Record<string, number>} [directions]  amounts that the scene is moved by, none of them 0
 * @property {boolean} [clean]  whether artifact units are at zero everywhere
 * @property {Edit[]} edits
 *
 * @typedef {{name: string, units: number, height: number, width: number}} Layer
 *
 * @typedef {object} Model
 * @property {string} name
 * @property {string} title
 * @property {number} resolution
 * @property {number} latent_dim
 * @property {string} edit_layer
 * @property {Layer[]} layers
 * @property {string[]} concepts
 * @property {boolean} default
 * @property {string} license
 * @property {number[]} scenes  seeds worth beginning with, the best first
 * @property {string} version  of its weights
 * @property {boolean} [clean]  whether its artifact units are known
 *
 * What a scene can be moved along: from what `low` says to what `high` says.
 * @typedef {{name: string, title: string, low: string, high: string, range: [number, number]}} Direction
 *
 * @typedef {object} Concept
 * @property {string} name
 * @property {string} layer
 * @property {{unit: number, iou: number | null, effect: number | null, level: number}[]} units
 * @property {number} recommended_units
 * @property {number | null} draw_effect
 * @property {number | null} remove_effect
 *
 * @typedef {"brush" | "line" | "rect" | "pick" | "eraser"} Tool
 *
 * What the next stroke does. `units` 0 stands for the recommended number.
 * @typedef {object} Brush
 * @property {Op} mode
 * @property {string} concept
 * @property {Tool} tool
 * @property {number} radius
 * @property {number} strength
 * @property {number} units
 */

export {};
