"""Cells a tile at a time."""

import numpy as np
import pytest

from dnnsa.estimators import KINDS, tiles
from dnnsa.estimators.tiles import by_tiles, total
from dnnsa.factors import Normal
from dnnsa.layout import SAMPLE, TRAJECTORY, Layout, apart
from tests.estimators.blocks import block


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


@pytest.mark.parametrize("kind", ["binned", "dgsm", "morris"])
def test_a_lone_cell_has_the_bits_that_it_has_among_others(kind):
    """NumPy sums a lone column in pairs from 8 rows on."""
    layout = (
        Layout(TRAJECTORY, apart(1)) if kind == "morris" else Layout(SAMPLE, apart(1), laws=(Normal(mean=0, sd=1),))
    )
    estimator = KINDS[kind](**({"quantity": "y", "gradient": "gradient"} if kind == "dgsm" else {}))
    among = block(layout, 200, (3,), beside=estimator.beside)
    alone = among._replace(y=among.y[..., 1], beside={name: array[..., 1] for name, array in among.beside.items()})
    field, scalar = (estimator.update(estimator.init(layout, shape), of) for shape, of in (((3,), among), ((), alone)))
    for one, other in zip(scalar, field, strict=True):
        np.testing.assert_array_equal(one, np.asarray(other)[..., 1])
