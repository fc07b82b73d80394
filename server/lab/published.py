"""The published generators of GAN Dissection (Bau et al., ICLR 2019): their files, and what cards say of them.

Its authors published eight Progressive GANs that Karras et al. (ICLR 2018) had trained, converted to PyTorch. The last
part of a file's name is the start of its SHA-256.
"""

from __future__ import annotations

from typing import Any

BASE_URL = "https://gandissect.csail.mit.edu/models/"
PUBLISHED = {
    "church": "proggan_churchoutdoor-7e701dd5.pth",
    "bedroom": "proggan_bedroom-d8a89ff1.pth",
    "conferenceroom": "proggan_conferenceroom-21e85882.pth",
    "diningroom": "proggan_diningroom-3aa0ab80.pth",
    "kitchen": "proggan_kitchen-67f1e16c.pth",
    "livingroom": "proggan_livingroom-5ef336dd.pth",
    "restaurant": "proggan_restaurant-b8578299.pth",
    "celebhq": "proggan_celebhq-620d161c.pth",
}
TITLES = {
    "church": "Churches (LSUN)",
    "bedroom": "Bedrooms (LSUN)",
    "conferenceroom": "Conference rooms (LSUN)",
    "diningroom": "Dining rooms (LSUN)",
    "kitchen": "Kitchens (LSUN)",
    "livingroom": "Living rooms (LSUN)",
    "restaurant": "Restaurants (LSUN)",
    "celebhq": "Faces (CelebA-HQ)",
}
CITATION = (
    "Karras et al., Progressive Growing of GANs for Improved Quality, Stability, and Variation, ICLR 2018; "
    "Bau et al., GAN Dissection: Visualizing and Understanding Generative Adversarial Networks, ICLR 2019"
)


def new_card(name: str) -> dict[str, Any]:
    """What `model.json` says of a published generator, without its SHA-256. name: one of PUBLISHED."""
    return {
        "schema": 1,
        "title": TITLES[name],
        "license": "not stated by its publishers (GAN Dissection, Bau et al., ICLR 2019)",
        "family": "Progressive GAN",
        "source": BASE_URL + PUBLISHED[name],
        "citation": CITATION,
        "generator": PUBLISHED[name],
        "sha256": {},
    }
