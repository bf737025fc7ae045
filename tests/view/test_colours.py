"""Colours where matplotlib is not there are those of its figures."""

import numpy as np

from dnnsa.view.colours import MISSING_COLOUR, rgb
from dnnsa.view.palette import NORM, SCALE


def test_an_index_has_the_colour_that_figures_give_it():
    values = np.linspace(-1.2, 2.2, 500)
    drawn = SCALE(NORM(values))[:, :3] * 255
    np.testing.assert_allclose(rgb(values).astype(float), drawn, atol=1.5)


def test_no_index_is_grey():
    assert "#{:02x}{:02x}{:02x}".format(*rgb(np.array([np.nan]))[0]) == MISSING_COLOUR
