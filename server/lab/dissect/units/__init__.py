"""Units: which of them agrees with which concept, and what it does where the concept is.

- `samples`: pictures of consecutive seeds with labels, and the featuremaps of seeds;
- `quantiles`: of every unit, in one pass and little memory;
- `lattice`: pixels above thresholds and pixels of concepts, counted quickly;
- `agreement`: thresholds and IoU of units with concepts;
- `levels`: the constants that a unit may be set to, from its mean where the concept is;
- `regions`: the samples a unit is strongest in, and where;
- `matching`: two passes over the samples that find all of that for all layers.
"""
