"""The numbers of a dissection that were chosen rather than derived, each with its reason, in the order of the method.

Sizes of batches and of files stand where they are used: they change what a run takes, not what it finds. How many
pictures are looked at is the plan's (`server.lab.dissect.running.plan`).
"""

from __future__ import annotations

# --- units: which unit agrees with what ---

# Quantiles of a unit that may be its threshold: closer towards the top, as most concepts fill little of a picture.
CANDIDATES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995, 0.998)
BETWEEN = 8  # thresholds evenly between the first and the last of them: some featuremaps know few values
FIXED = 0.99  # the quantile of the simple variant: that of the 2018 tool
COARSE, FINE = 32, 64  # rows of pixels that thresholds are chosen on, and IoU is counted on: within 0.01 of all rows
INTERPRETABLE = 0.05  # IoU of a match, as published, for hundreds of small concepts;
ABOVE_CHANCE = 2.0  # so it must be that many times the chance of maps as large: sky overlaps with anything

FILLED = 0.5  # of the fullest cell's share: cells with more show the concept, even one that never fills a cell
FULL = 0.8  # of a cell: a fullest cell with more counts as this full, or nearly full ones would not show it

# --- trials: where edits are tried ---

GRIDS = (8, 16)  # rows and columns of the rasters that masks are made of, the coarse one first: the layers' sizes
SIDE = 3  # cells a drawing mask is wide and high: a short stroke of a brush
OFTEN = 0.25  # of the concept's share where it is most common: it could stand there
CROWDED = 0.25  # of a mask: where the concept has more already there is little left to draw
STANDS = 0.08  # of a cell: from here on the concept stands there, rather than touching it
FULLEST = 0.9  # quantile over pictures, of what a mask holds: the very fullest is an accident
SMALL = 0.3  # of a coarse mask: what fills no more of one, even at its fullest, is tried on fine ones
HOST = 0.5  # of the edge of a small thing: what borders on it with so much is what it stands in, as doors in walls
HOSTED = 0.5  # of a mask for a small thing, that what it stands in has to fill
LEAST_MASKS = 6  # pictures to try a concept on: with fewer it has no brush, as chance would choose it
ALIVE = 1e-3  # of the layer's largest deviation: a unit that varies less is dead, and no random unit to compare with

# --- trials: whether what is drawn looks like the concept ---

NATURAL = 400  # samples that tell what a concept looks like by itself, at most: more change nothing
LEAST_NATURAL = 12  # such regions, at least: fewer teach nothing
LOOK_PIXELS = 12  # of a region, at least: fewer have no look
RIDGE = 1e-2  # of the linear model: features are in -1..1, and their weights are not to grow over a few regions
LEAST_DEVIATION = 0.02  # of a feature: a hundredth of the range of colours, which nobody sees
PLAIN = 0.5  # how much being plainer than expected counts, beside being rougher: a part is plainer than the whole
STRANGEST = 4.0  # deviations: what is farther off looks no stranger

# --- search: rankings by cause ---

CAUSAL_BATCH = 6  # pictures of a step of training; part of the result, as each step draws that many
KEEP = 0.25  # of the units, that stay in each round of leaving the weaker ones out
LEAST_KEPT = 4  # units of the last round: what fewer bring about is told by one pass
TRAINED_COUNTS = (16, 4, 32, 8, 64)  # numbers of units that a level is trained for, by turns: it has to suit all
LEVEL_RATE, LEVEL_PULL = 0.3, 0.002  # of training a level, in fifths of a unit's range: a few steps cross it, gently
WEIGHT_RATE, WEIGHT_PENALTY = 0.1, 0.004  # of the optimised ranking: ten steps cross 0..1; L2 breaks ties to zero
LEAST_GAIN = 0.02  # of probability, that gains are counted in: what cannot be drawn must not drown the penalty

# --- search: what a trial is worth ---

LUCK = 0.5  # of what random units do: half, as some of that is their being many, which any brush shares
DISTURB = 3.0  # a share of labels changed outside weighs three of the mask's: the rest of the picture is far larger
SPOIL = 1.5  # the same where units are zero in the whole picture: half as much, as few remove without a mask
STRANGE = 0.25  # looking as strange as can be: of two brushes as strong the one that looks natural wins
CROWD = 0.03  # for each doubling of the units: many at once say many things
LEAST_BOUND = 0.03  # of the mask: what draws less is not made large by dividing by the most that was drawn

# --- search: which trial wins ---

TOLERANCE = 0.02  # of the score: fewer units are worth that much
HAIR = 0.03  # of the score: a weaker level is worth that much
FORM = 0.05  # of the score: an earlier layer is worth that much, as more of the generator gives strokes a form

# --- search: the rounds of the halving ---

COUNTS = (1, 2, 4, 8, 16, 20, 32, 64, 128)  # numbers of units of the winner, and all: in doublings, and the usual 20
LOOK_COUNTS = (4, 16, 64)  # in the rounds before: what is best in between lies close to one of them
REST_COUNTS = (4, 16, 64)  # for the brushes of the layers that did not win
MULTIPLES = (0.35, 0.5, 0.7, 1.4, 2.0)  # of the winner's level, beside 1: about a square root of two apart
REST_MULTIPLES = (0.5, 0.7, 1.4)
LAYER_ENTRANTS = 2  # candidates of a layer in the race of drawing: so layers are compared, and not one with itself

# --- judge: how sure it is that a brush beats random units ---

RESAMPLES = 2000  # of the pictures: the quantile below then rests on twenty of them
CONFIDENCE = 0.99  # that the effect is above that of random units: of a hundred brushes one may be lucky
RATIO = 2.0  # the brush's effect over that of random units, at least: one that does as much as chance again
DRAWS = 0.02  # of the mask, at least, more than random units draw: less is not seen
REMOVES = 0.1  # of the concept's pixels, at least, more than random units remove

# --- judge: what a brush is meant to do ---

VISIBLE = 0.05  # of the mask: a gain one sees
GAINS = 0.5  # of the mask is gained,
FILLS = 0.8  # or that much of what the mask can hold is there;
SEEN = 0.5  # of the tries a small thing is to be seen in;
TAKES = 0.7  # of the concept's pixels are gone
KEEPS = 0.9  # of the labels outside stay
ALL_UNITS = 24  # pictures that all units together draw on: a bound beside the verdict needs no more
EVERYWHERE = 100  # pictures that units are zero everywhere in
CONTEXT_SIDE = 2  # cells a mask is wide and high: walls are seldom larger
STOOD = 0.6  # of the mask: what stood there before
LEAST_CONTEXT = 4  # pictures of a figure, or it is left out

# --- judge: artifact units and areas ---

LAYER_CANDIDATES = 3  # units of a layer that are zeroed for real: estimates are compared within a layer
ARTIFACT_CANDIDATES, ARTIFACT_FINALISTS = 16, 5  # units of all layers, and those of them on fresh pictures
SURE = 3.0  # standard errors: a unit that helps by more is no accident among so many candidates
LEAST_BETTER = 0.002  # of the measure: less is not worth a switch
CLEAR_KEEPS = 0.97  # of labels stay where entropy is the measure: an empty picture is clear too
PRESENT = 0.002  # of a picture's pixels: from here on the concept is in it
