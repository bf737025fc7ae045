"""Sobol's g-function with Saltelli's coefficients: two factors matter, two a little, four not at all."""

import numpy as np

A = (0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0)


def g(**x):
    return np.prod([(np.abs(4 * value - 2) + a) / (1 + a) for value, a in zip(x.values(), A, strict=True)], axis=0)
