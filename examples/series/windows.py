"""A perturbation of series: a gain for each window."""

import numpy as np


def scale(inputs, window):
    """Series ``(n, steps, channels)``, each of their equal windows times its gain in ``window``, ``(n, windows)``."""
    return inputs * np.repeat(window, inputs.shape[1] // window.shape[1], axis=1)[:, :, None]
