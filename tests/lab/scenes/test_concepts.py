import numpy as np

from server.lab.scenes import concepts
from server.lab.scenes.concepts import CONCEPTS, PALETTE


def test_the_order_of_the_concepts_is_the_contract() -> None:
    wanted = "sky cloud mountain grass path water tree wall roof dome door window"
    assert " ".join(CONCEPTS) == wanted


def test_each_constant_is_the_index_of_its_concept() -> None:
    for index, name in enumerate(CONCEPTS):
        assert getattr(concepts, name.upper()) == index


def test_palette_has_one_distinct_colour_for_each_concept() -> None:
    assert PALETTE.shape == (len(CONCEPTS), 3)
    assert PALETTE.dtype == np.uint8
    assert len(np.unique(PALETTE, axis=0)) == len(CONCEPTS)
