"""Campbell2D: eight factors and a map of 64 x 64 cells, with a different story in each corner.

Marrel, Iooss, Jullien, Laurent, Volkova, Global sensitivity analysis for models with spatially dependent outputs,
Environmetrics 22 (2011) 383-397.
"""

import numpy as np

Z = np.linspace(-90, 90, 64)
Z1, Z2 = Z[:, None], Z[None, :]


def offset(centre, a):
    """``a z1 + (1 - a) z2 - centre``, (n, 64, 64)."""
    return a * Z1 + (1 - a) * Z2 - centre[:, None, None]


def slope(rate, a):
    """``exp((a z1 + (1 - a) z2) rate)``, (n, 64, 64), as a product of two short exponentials."""
    return np.exp(a * Z[:, None] * rate[:, None, None]) * np.exp((1 - a) * Z * rate[:, None, None])


def field(x1, x2, x3, x4, x5, x6, x7, x8):
    near, h1 = offset(10 * x2, 0.8), x1[:, None, None]
    far, h5 = offset(20 * x6, 0.4), x5[:, None, None]
    return (
        h1 * np.exp(-(near**2) / (60 * h1**2))
        + (x2 + x4)[:, None, None] * slope(x1 / 500, 0.5)
        + (x5 * (x3 - 2))[:, None, None] * np.exp(-(far**2) / (40 * h5**2))
        + (x6 + x8)[:, None, None] * slope(x7 / 250, 0.3)
    )
