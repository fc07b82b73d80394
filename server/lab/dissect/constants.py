"""The numbers of a dissection that were chosen rather than derived, each with its reason, in the order of the method.

Sizes of batches and of files stand where they are used: they change what a run takes, not what it finds. How many
pictures each part sees is the plan's (`server.lab.dissect.running.plan`).
"""

from __future__ import annotations

# --- clusters: regions in the place of concepts ---

CLUSTER_POINTS = 30_000  # pixels of featuremaps that are grouped: more move no centre
CLUSTER_ROUNDS = 25  # of k-means, by which centres move no more
CLUSTER_RESTARTS = 3  # from other beginnings, of which the tightest groups win
SAME_REGION = 0.5  # IoU above which a region of a new grouping is one that had a name: no two are

# --- units: which unit agrees with what ---

# Quantiles of a unit that may be its threshold: closer towards the top, as most concepts fill little of a picture.
CANDIDATES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995, 0.998)
BETWEEN = 8  # more thresholds, evenly between the first and the last of them: some featuremaps know few values
FIXED = 0.99  # the quantile of the simple variant: that of the 2018 tool
COARSE, FINE = 32, 64  # rows that thresholds are chosen on, and IoU is counted on: within 0.01 of that on all rows
INTERPRETABLE = 0.05  # IoU of a match, as published for hundreds of small concepts;
ABOVE_CHANCE = 2.0  # so it must be that many times the IoU of chance: a sky that fills a third overlaps with anything

FILLED = 0.5  # of the fullest cell's share: cells with more show the concept, even one that never fills a cell
FULL = 0.8  # of a cell: a fullest cell with more counts as this full, so that nearly full ones show it too

# --- trials: where edits are tried ---

GRIDS = (8, 16)  # rows and columns of the rasters of masks, the coarse one first: sizes that brushes work at
SIDE = 3  # cells a drawing mask is wide and high: a short stroke
OFTEN = 0.25  # of the concept's share where it is most common: where it has more it could stand
CROWDED = 0.25  # of a mask: where the concept has more already, little is left to draw
STANDS = 0.08  # of a cell: with less the concept touches it rather than stands there
FULLEST = 0.9  # quantile over pictures of the most a mask holds: the very fullest is an accident
SMALL = 0.3  # of a coarse mask: what fills no more of one, even at its fullest, is tried on fine ones
HOST = 0.5  # of the edge of a small thing: what borders on it with so much is what it stands in, as doors in walls
HOSTED = 0.5  # of a mask for a small thing: what it stands in has to fill so much
LEAST_MASKS = 6  # pictures to try a concept on: on fewer a brush would be chosen by accident
ALIVE = 1e-3  # of the layer's largest deviation: a unit that varies less is dead, and no unit to compare with

# --- trials: whether what is drawn looks like the concept ---

NATURAL = 400  # samples that tell what a concept looks like by itself: enough for a linear model of 56 weights
LEAST_NATURAL = 12  # such samples: fewer teach nothing
LEAST_PIXELS = 12  # of a region: fewer have no appearance
RIDGE = 1e-2  # of that model, for each region: few regions must not give it large weights
LEAST_DEVIATION = 0.02  # of a feature: a hundredth of the range of colours, which nobody sees
PLAIN = 0.5  # weight of being plainer than expected, beside being rougher: a part is plainer than the whole
STRANGEST = 4.0  # deviations: what is farther off looks no stranger

# --- search: rankings by cause ---

CAUSAL_BATCH = 6  # pictures of a step of training
KEEP = 0.25  # of the units, in each round of leaving the weaker ones out: a few hundred take four rounds
LEAST_KEPT = 4  # units that are not thinned out further
LEVEL_RATE = 0.3  # of a fifth of a unit's range, in a step: six steps move a level by a third of its range at most
LEVEL_PULL = 0.002  # back to where it started, by the square of these fifths: what gains nothing stays there
TRAINED_COUNTS = (16, 4, 32, 8, 64)  # numbers of units that levels are trained for by turns: they have to suit all
WEIGHT_RATE = 0.1  # in a step: weights begin at 0.1, and three steps tell them apart
WEIGHT_PENALTY = 0.004  # by the square of a weight: what gains nothing goes to zero
LEAST_GAIN = 0.02  # of probability, to divide gains by: a concept that cannot be drawn must not drown the penalty

# --- search: what a trial is worth ---

LUCK = 0.5  # of what random units do: a brush that does no more than they do is worth half
DISTURB = 3.0  # of labels changed outside: a tenth of them costs a third of the most that can be drawn
SPOIL = 1.5  # of those changed by units at zero in the whole picture: half as much, as removals mostly have masks
STRANGE = 0.25  # of strangeness: of two brushes as strong the one that looks natural wins, but strength goes first
CROWD = 0.03  # of each doubling of the units: many at once say many things
LEAST_BOUND = 0.03  # of a mask, to divide by: where nothing draws, nothing is to look strong

# --- search: which trial wins ---

TOLERANCE = 0.02  # of the score: fewer units are worth that much
HAIR = 0.03  # of the score: a weaker level is worth that much
FORM = 0.05  # of the score: an earlier layer is worth that much, as more of the generator gives strokes a form

# --- search: the rounds of the halving ---

COUNTS = (1, 2, 4, 8, 16, 20, 32, 64, 128)  # units of the winner, beside all: doublings, and the 20 of the 2018 tool
EARLY_COUNTS = (4, 16, 64)  # in the rounds before: enough to tell candidates apart
REST_COUNTS = (4, 16, 64)  # at the layers that did not win
MULTIPLES = (0.35, 0.5, 0.7, 1.4, 2.0)  # of the winner's level, beside 1: in steps of about the root of two
REST_MULTIPLES = (0.5, 0.7, 1.4)  # at the layers that did not win
LAYER_ENTRANTS = 2  # of a layer in the race of drawing: so layers are compared, not one with itself

# --- search: layers that a generator was made to be edited at ---

TAUGHT = 2.0  # of a thing's share of a cell, as its training drew with
TAUGHT_COUNTS = (1, 2, 4, 8)  # units in the early rounds there: one is a kind of thing, and few concepts have five;
TAUGHT_MORE = (3, 5, 6)  # so the winner is tried with every number of kinds
TAUGHT_MULTIPLES = (0.75, 1.25)  # of that, or of levels trained from it
TAUGHT_RANGE = (1.5, 2.5)  # of the same: far below a small dab is hardly seen, far above strength says nothing

DECIDES = 2.0  # of a part's probability: twice certainty, so that a cell half under the mask is decided by it
AGREES_WITHIN = 0.1  # of the mask: by so much a dark outline may be named better than what it surrounds
EXACT_UNITS = 5  # units that are tried alone: one for each part of a concept, and few have more
EXACT_COUNTS = (1, 2, 3, 4, 5, 6)  # units to remove with: those of all its parts

# --- judge: what is clearly more than random units do ---

RESAMPLES = 2000  # of the pictures: twenty of them lie below the quantile asked for
CONFIDENCE = 0.99  # that the effect is above that of random units
RATIO = 2.0  # of the two effects, at least
DRAWS = 0.02  # of the mask, at least, more than random units draw
REMOVES = 0.1  # of the concept's pixels, at least, more than random units remove

# --- judge: what a brush is meant to do ---

VISIBLE = 0.05  # of the mask: a gain one sees
GAINS = 0.5  # of the mask is gained,
FILLS = 0.8  # or that much of what the mask can hold is there;
SEEN = 0.5  # of the tries a small thing is to be seen in;
TAKES = 0.7  # of the concept's pixels are gone
KEEPS = 0.9  # of the labels outside stay

ALL_UNITS = 24  # pictures that all units together draw on: a figure beside the verdict
EVERYWHERE = 100  # pictures that units are zero in all over
CONTEXT_SIDE = 2  # cells a mask on something is wide and high: walls are seldom larger
STOOD = 0.6  # of such a mask: that is what stood there
LEAST_CONTEXT = 4  # pictures of a figure: it is left out with fewer

# --- judge: artifact units, and areas ---

LAYER_CANDIDATES = 3  # units of a layer that are zeroed for real: no layer keeps the others out
ARTIFACT_CANDIDATES = 16  # of these, by their estimates
ARTIFACT_FINALISTS = 5  # of these, on fresh pictures
SURE = 3.0  # standard errors: a unit that helps by more is no accident among so many
LEAST_BETTER = 0.002  # of the measure: less is not worth a switch
CLEAR_KEEPS = 0.97  # of the labels stay where entropy is the measure, as an empty picture is clear too
PRESENT = 0.002  # of a picture's pixels: with more the concept is in it
