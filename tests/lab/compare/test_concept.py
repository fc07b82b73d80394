from __future__ import annotations

import numpy as np
import pytest

from server.errors import UsageError
from server.lab.compare.concept import concept_of

SEEN = ("grass", "tree", "sun")
LABELS = np.zeros((20, 20), int)  # a meadow
LABELS[5:10, 5:10] = 1  # with a tree
LABELS[0:3, 17:20] = 2  # and the sun
BOX = np.zeros((20, 20), bool)


def test_a_box_around_a_thing_is_about_the_thing_and_not_the_meadow_that_fills_most_of_it() -> None:
    box = BOX.copy()
    box[3:12, 3:12] = True
    assert np.bincount(LABELS[box]).argmax() == 0
    assert concept_of(box, LABELS, SEEN, SEEN) == "tree"


def test_a_mask_is_about_what_goes_on_outside_where_that_is_all_there_is() -> None:
    meadow = BOX.copy()
    meadow[14:18, 2:8] = True
    assert concept_of(meadow, LABELS, SEEN, SEEN) == "grass"
    whole = np.ones((20, 20), bool)
    assert concept_of(whole, LABELS, SEEN, SEEN) == "grass"


def test_only_what_has_a_brush_is_removed() -> None:
    corner = BOX.copy()
    corner[0:4, 16:20] = True
    assert concept_of(corner, LABELS, SEEN, SEEN) == "sun"
    assert concept_of(corner, LABELS, SEEN, ("grass", "tree")) == "grass"
    with pytest.raises(UsageError, match="the mask covers grass, sun, which no brush removes"):
        concept_of(corner, LABELS, SEEN, ("tree", "dome"))
    with pytest.raises(UsageError, match="--concept"):
        concept_of(corner, LABELS, SEEN, ())
