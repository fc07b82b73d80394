"""Directions in the latent: a linear model of the attributes' scores, and the vectors that move one at a time.

After Shen et al., "Interpreting the Latent Space of GANs for Semantic Face Editing" (CVPR 2020): the weights w of a
linear model of an attribute point where it grows fastest; taking out what other attributes' weights span leaves a
vector along which, by the linear model, those others do not change. The attributes here are numbers, so the model is
least squares in place of their classifiers' hyperplanes.

The activations of the first layer fit better (on a model of another world, R2 of night 0.78 against 0.51 in z), as they
are no linear function of z. The latent is moved all the same: a scene is read from a latent number by number, its truth
is nearly linear there (season 0.95, cloudiness 0.95), and a moved latent is again a latent, which any layer can follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.lab.directions.predictor import Floats, r2

HELD_OUT = 1 / 3  # of the samples: what a fit is judged on


@dataclass(frozen=True)
class Fit:
    """A linear model of A scores in D numbers. weights: (A, D), in standard deviations of the scores. r2: (A,), on
    samples that it was not fitted to."""

    weights: Floats
    r2: Floats


def fit(z: Floats, scores: Floats) -> Fit:
    """Fit the scores linearly. z: (N, D), standard normal. scores: (N, A).

    r2 is that of a fit to the first two thirds on the last third; the weights are fitted to all. Raises ValueError
    where there are fewer than three samples for each of the D numbers.
    """
    count, d = z.shape
    if count < 3 * d:
        raise ValueError(f"{count} samples are too few for a latent of {d} numbers; take {3 * d} or more")
    y = (scores - scores.mean(0)) / np.maximum(scores.std(0), 1e-9)  # (N, A)
    # PixelNorm divides by the latent's length: what lies behind it sees only this.
    x = np.hstack([z / np.sqrt(np.square(z).mean(1, keepdims=True)), np.ones((count, 1))])  # (N, D + 1)
    cut = count - int(count * HELD_OUT)
    judged = r2(y[cut:], x[cut:] @ _least_squares(x[:cut], y[:cut]))
    return Fit(_least_squares(x, y)[:d].T, judged)


def orthogonalise(weights: Floats) -> Floats:
    """Vectors of unit length, each orthogonal to every other attribute's weights: (A, D). weights: (A, D).

    Raises ValueError where an attribute's weights lie in what the others span.
    """
    if np.linalg.matrix_rank(weights, tol=1e-3 * np.linalg.norm(weights, axis=1).max()) < len(weights):
        raise ValueError("two attributes grow along the same direction")
    dual = np.linalg.pinv(weights).T  # (A, D): dual @ weights.T is the unit matrix
    vectors: Floats = dual / np.linalg.norm(dual, axis=1, keepdims=True)
    return vectors


def _least_squares(x: Floats, y: Floats) -> Floats:
    solution: Floats = np.linalg.lstsq(x, y, rcond=None)[0]
    return solution
