"""Random displacements: their size, their smoothness, and SciPy's sampling there."""

from typing import Any

import numpy as np
import pytest
from keras import ops
from scipy import ndimage, stats

from dnnsa.errors import ModelError
from dnnsa.perturb import Elastic

ROWS, HEIGHT, WIDTH = 400, 11, 14
SEEDS = np.arange(ROWS)
CASE = np.zeros(ROWS, np.int32)
PART = Elastic(amplitude="amplitude", sd="sd", seed="seed")


def bent(images: Any, amplitude: Any, sd: Any, seed: Any = SEEDS, case: Any = CASE) -> Any:
    named = {"amplitude": np.broadcast_to(amplitude, len(images)), "sd": np.broadcast_to(sd, len(images)), "seed": seed}
    values = {name: ops.convert_to_tensor(array) for name, array in named.items()}
    return ops.convert_to_numpy(PART.apply(ops.convert_to_tensor(images), values, ops.convert_to_tensor(case)))


def displacements(amplitude: float, sd: float) -> Any:
    """To the right and down, (rows, height, width, 2), read from an image of places, where both stay inside it."""
    down, right = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    places = np.repeat(np.stack([right, down], axis=-1)[None], ROWS, axis=0)
    return (bent(places, amplitude, sd) - places)[:, 2:-2, 2:-2]


@pytest.mark.parametrize("sd", [0.0, 1.0, 3.0])
def test_the_amplitude_is_the_standard_deviation_whatever_the_smoothing(sd: float) -> None:
    by = displacements(0.2, sd)
    assert by.std(axis=0).mean() == pytest.approx(0.2, rel=0.03)
    np.testing.assert_allclose(by.std(axis=0), 0.2, rtol=0.2)  # 5.6 standard errors
    assert abs(np.corrcoef(by[..., 0].ravel(), by[..., 1].ravel())[0, 1]) < 0.05


def test_neighbours_move_alike_as_the_smoothing_says() -> None:
    for sd in (1.0, 2.0):
        by = displacements(0.2, sd)[:, :, :, 0]
        found = np.corrcoef(by[:, 2, 3], by[:, 2, 4])[0, 1]
        assert found == pytest.approx(np.exp(-1 / (4 * sd**2)), abs=0.06)  # of two Gaussians, one step apart


def test_an_image_is_read_at_the_displaced_places_as_scipy_does() -> None:
    image = np.random.default_rng(0).random((HEIGHT, WIDTH))
    down, right = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    both = np.repeat(np.stack([image, right, down], axis=-1)[None], ROWS, axis=0)
    result = bent(both, 0.3, 2.0)
    for row in range(20):
        to_x, to_y = result[row, 2:-2, 2:-2, 1], result[row, 2:-2, 2:-2, 2]
        expected = ndimage.map_coordinates(image, [to_y, to_x], order=1)
        np.testing.assert_allclose(result[row, 2:-2, 2:-2, 0], expected, atol=1e-10)


def test_a_great_smoothing_moves_the_image_as_a_whole_and_zeros_come_in() -> None:
    by = displacements(0.2, 1e4)
    np.testing.assert_allclose(by, np.broadcast_to(by[:, :1, :1], by.shape), atol=1e-4)
    far = bent(np.ones((ROWS, HEIGHT, WIDTH, 1), np.float32), 4.0, 1e4)
    assert (far[:, 0, 0, 0] == 0).mean() == pytest.approx(
        1 - stats.norm.cdf(1 / 4) ** 2, abs=0.1
    )  # a pixel or more out


def test_the_same_seed_bends_alike_at_every_amplitude_and_another_case_differently() -> None:
    image = np.random.default_rng(0).random((1, HEIGHT, WIDTH, 1))
    once = bent(image, 0.5, 2.0, SEEDS[7:8], CASE[:1])
    np.testing.assert_array_equal(once, bent(image, 0.5, 2.0, SEEDS[7:8], CASE[:1]))
    assert np.abs(once - bent(image, 0.5, 2.0, SEEDS[7:8], CASE[:1] + 1)).max() > 0.01
    assert np.abs(once - bent(image, 0.5, 2.0, SEEDS[8:9], CASE[:1])).max() > 0.01


def test_what_is_below_zero_is_a_failed_run() -> None:
    images = np.ones((4, HEIGHT, WIDTH, 1), np.float32)
    result = bent(images, np.array([-0.1, 1, 1, np.nan]), np.array([1, -0.1, 1, 1]), SEEDS[:4], CASE[:4])
    assert np.isnan(result[[0, 1, 3]]).all()
    assert np.isfinite(result[2]).all()
    with pytest.raises(ValueError, match="`amplitude` must be 0 or more, got -1"):
        Elastic(amplitude=-1.0, sd=1.0, seed=0)
    with pytest.raises(ValueError, match="`sd` must be 0 or more, got -1"):
        Elastic(amplitude=1.0, sd=-1.0, seed=0)


def test_seeds_are_integers() -> None:
    with pytest.raises(ModelError, match=r"^seed: factor `seed` must give integers, got float64"):
        bent(np.ones((1, HEIGHT, WIDTH, 1)), 1.0, 1.0, np.array([0.5]), CASE[:1])
