import torch

from server.lab.scenes.concepts import CONCEPTS, DOME, SKY, WATER
from server.lab.train.config import TrainConfig
from server.lab.train.networks import Judgement
from server.lab.train.state import RunState
from server.lab.train.steps import discriminator_loss
from server.lab.train.watch import lost, shown, won


def judged(real: float, fake: float) -> float:
    return float(discriminator_loss(Judgement(torch.tensor([real]), ()), Judgement(torch.tensor([fake]), ())))


def test_a_discriminator_that_is_sure_and_right_has_won() -> None:
    assert won(judged(5.0, -5.0))
    assert not won(judged(0.0, 0.0))
    assert not won(judged(1.0, -1.0))
    assert not won(judged(-5.0, 5.0))


def test_common_concepts_shown_less_than_half_as_often_are_lost() -> None:
    true = torch.full((len(CONCEPTS),), 0.09)
    true[WATER] = 0.005
    made = true.clone()
    made[SKY], made[DOME], made[WATER] = 0.5, 0.03, 0.0
    assert lost(made, true) == {"dome": 0.33}
    assert lost(true, true) == {}


def test_shares_of_what_is_shown_are_read_by_the_label_head() -> None:
    state = RunState(TrainConfig(size=32, widths=(16, 16, 16, 64, 32, 96, 16, 16)), torch.device("cpu"))
    found = shown(state, torch.randn(20, 128))
    assert found.shape == (len(CONCEPTS),)
    assert float(found.sum()) == 1
    with torch.no_grad():
        state.average["head"].conv.bias[DOME] = 1e3
    assert float(shown(state, torch.randn(3, 128))[DOME]) == 1
