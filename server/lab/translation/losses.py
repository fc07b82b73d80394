"""What a translator is taught by (Huang et al. 2018, equations 2 to 6): pictures come back from their own content and
style, contents and styles come back from what is painted of them, what goes to the other domain and back is the same,
and judges take what is painted for the domain's. And where there is a segmenter, what is painted shows what stood
there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.translation.judges import Judge, far_from
from server.model.translator import STYLE, Domain, Translator

PICTURES = 10.0  # of a picture that comes back
LATENTS = 1.0  # of contents and styles that come back
CYCLES = 5.0  # of a picture that comes back from the other domain
LABELS = 1.0  # of what the segmenter sees

Name = Callable[[Tensor], Tensor]  # images (N, 3, H, W) to the score of each concept, (N, C, H, W)


def domain_of(translator: Translator, name: str) -> Domain:
    """The networks of one domain."""
    domain = translator.of[name]
    assert isinstance(domain, Domain)
    return domain


def translator_loss(
    translator: Translator, judges: Mapping[str, Judge], images: Mapping[str, Tensor], name: Name | None
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss, and what was painted for each domain, (N, 3, H, W), for its judge. images: of each domain, likewise.
    Random styles come from torch's own random numbers."""
    contents = {domain: domain_of(translator, domain).content(x) for domain, x in images.items()}
    styles = {domain: domain_of(translator, domain).style(x) for domain, x in images.items()}
    loss, painted = torch.zeros(()), {}
    for to in translator.domains:
        source, target = translator.other(to), domain_of(translator, to)
        own = images[to]
        loss = loss + PICTURES * (target.decoder(contents[to], styles[to]) - own).abs().mean()
        style = torch.randn(len(own), STYLE)
        made = painted[to] = target.decoder(contents[source], style)
        again = target.content(made)
        loss = loss + LATENTS * (again - contents[source]).abs().mean()
        loss = loss + LATENTS * (target.style(made) - style).abs().mean()
        back = domain_of(translator, source).decoder(again, styles[source])
        loss = loss + CYCLES * (back - images[source]).abs().mean()
        loss = loss + far_from(judges[to](made), 1.0)
        if name is not None:
            with torch.no_grad():
                shown = name(images[source]).argmax(1)  # (N, H, W)
            loss = loss + LABELS * F.cross_entropy(name(made), shown)
    return loss, painted


def judge_loss(judges: Mapping[str, Judge], images: Mapping[str, Tensor], painted: Mapping[str, Tensor]) -> Tensor:
    """Pictures of a domain are 1, those painted 0."""
    loss = torch.zeros(())
    for domain, judge in judges.items():
        loss = loss + far_from(judge(images[domain]), 1.0) + far_from(judge(painted[domain].detach().float()), 0.0)
    return loss
