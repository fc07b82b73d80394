"""The search for each concept's brushes: the ranking, level and number of units that draw it best, or remove it.

- `rankings`: units by cause: attribution with elimination, and trained weights;
- `scores`: what a trial is worth, and which of several wins;
- `halving`: rounds of fewer candidates on more pictures, and their schedule;
- `concept`: all rounds of one concept at all layers;
- `brushes`: the brushes that come of it, and the account of the choice.
"""
