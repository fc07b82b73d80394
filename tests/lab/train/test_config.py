import argparse
from pathlib import Path

import pytest

from server.commands import train
from server.lab.train.config import SIZES, TrainConfig, config_for, load_config, save_config
from server.lab.train.state import CARRIER
from server.model.progressive import ProgressiveGenerator


@pytest.mark.parametrize("size", SIZES)
def test_a_run_of_every_size_draws_pictures_of_that_size(size: int) -> None:
    config = config_for(size)
    generator = ProgressiveGenerator(config.latent_dim, config.widths, per_layer=True)
    assert generator.resolution == config.size == size
    layer = generator.layers[generator.index(CARRIER)]
    assert (layer.height, layer.units) == (16, config.carrier_width)


def test_the_command_offers_these_sizes_and_the_default_is_among_them() -> None:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    assert all(parser.parse_args(["run", "--size", str(size)]).size == size for size in SIZES)
    assert config_for(TrainConfig().size) == TrainConfig()


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    save_config(tmp_path / "config.json", config_for(256))
    assert load_config(tmp_path / "config.json") == config_for(256)
