"""Cells a tile at a time."""

import numpy as np
import pytest

from dnnsa.estimators import tiles
from dnnsa.estimators.tiles import by_tiles, total


@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (0, 4)])
@pytest.mark.parametrize("tile", [1, 14, 10**6])
def test_tiles_put_together_are_the_field(monkeypatch, shape, tile):
    monkeypatch.setattr(tiles, "TILE", tile)
    y = np.random.default_rng(0).normal(size=(4, 2, *shape))
    widths = []

    def sums(piece):
        widths.append(piece.shape[-1])
        return piece.sum(axis=(0, 1)), piece.sum(axis=0)

    one, many = by_tiles(sums, (y,), 7, shape)
    assert max(widths) <= max(1, tile // 7)
    assert sum(widths) == np.prod(shape)
    np.testing.assert_allclose(one, y.sum(axis=(0, 1)), rtol=1e-13)
    np.testing.assert_allclose(many, y.sum(axis=0), rtol=1e-13)


def test_a_total_is_the_same_by_itself_and_among_others():
    y = np.random.default_rng(0).normal(size=(200, 3))
    assert [total(y[:, [cell]])[0] for cell in range(3)] == total(y).tolist()
