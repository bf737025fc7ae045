"""Cells a tile at a time."""

from typing import NamedTuple

import numpy as np
import pytest

from dnnsa.estimators import tiles
from dnnsa.estimators.tiles import by_tiles, flat


class Sums(NamedTuple):
    one: np.ndarray
    many: np.ndarray


@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (0, 4)])
@pytest.mark.parametrize("limit", [1, 14, 10**6])
def test_tiles_put_together_are_the_field(monkeypatch, shape, limit):
    monkeypatch.setattr(tiles, "LIMIT", limit)
    y = np.random.default_rng(0).normal(size=(4, 2, *shape))
    widths = []

    def part(cells):
        piece = flat(y, 2)[..., cells]
        widths.append(piece.shape[-1])
        return Sums(piece.sum(axis=(0, 1)), piece.sum(axis=0))

    state = by_tiles(part, shape, 7)
    assert max(widths) <= max(1, limit // 7)
    assert sum(widths) == np.prod(shape)
    np.testing.assert_allclose(state.one, y.sum(axis=(0, 1)), rtol=1e-13)
    np.testing.assert_allclose(state.many, y.sum(axis=0), rtol=1e-13)
    assert isinstance(state, Sums)
