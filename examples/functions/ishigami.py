"""The Ishigami function: a strong interaction of x1 and x3, and an x3 that does nothing alone."""

import numpy as np


def f(x1, x2, x3):
    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)
