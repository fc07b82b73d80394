from __future__ import annotations

import numpy as np

from server.lab.dissect.clusters.names import carried_over, overlaps

OLD = np.array([[[0, 0, 1, 1, 2, 2, 2, 2]]], np.uint8)
NEW = np.array([[[3, 3, 1, 1, 0, 0, 2, 1]]], np.uint8)


def test_a_region_keeps_its_name_under_another_number() -> None:
    iou = overlaps(OLD, NEW, (3, 4))
    assert iou[0].tolist() == [0, 0, 0, 1]
    names = {"region 1": "hair", "region 2": "face", "region 3": "sky"}
    assert carried_over(names, iou) == {
        "region 1": "region 1",  # half of the sky, as another might be
        "region 2": "face",  # two thirds
        "region 3": "region 3",  # a quarter of the sky
        "region 4": "hair",
    }


def test_a_region_without_a_name_has_its_number() -> None:
    iou = overlaps(OLD, NEW, (3, 4))
    carried = carried_over({"region 1": "region 1", "region 2": "face"}, iou)
    assert carried == {"region 1": "region 1", "region 2": "face", "region 3": "region 3", "region 4": "region 4"}
