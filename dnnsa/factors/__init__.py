"""The laws of the uncertain factors: each one an inverse distribution function of a coordinate of the unit cube.

Inverting a monotone function keeps order and spacing, so a low-discrepancy point stays low-discrepancy. The coordinates
of a design have 32 bits: none is nearer than 2**-33 to 0 or to 1, and there the tails of an unbounded law end.
"""

from dnnsa.factors.base import Factor
from dnnsa.factors.bounded import Beta, LogUniform, Triangular, Uniform
from dnnsa.factors.discrete import Choice, Integers
from dnnsa.factors.empirical import Empirical, EmpiricalLaw
from dnnsa.factors.extreme import Gumbel, Weibull
from dnnsa.factors.families import apart, family, members
from dnnsa.factors.inactive import inactive
from dnnsa.factors.normal import LogNormal, Normal, TruncNormal
from dnnsa.factors.scalars import Scalar
from dnnsa.factors.when import Condition, Range, holds

__all__ = [
    "KINDS",
    "Beta",
    "Choice",
    "Condition",
    "Empirical",
    "EmpiricalLaw",
    "Factor",
    "Gumbel",
    "Integers",
    "LogNormal",
    "LogUniform",
    "Normal",
    "Range",
    "Scalar",
    "Triangular",
    "TruncNormal",
    "Uniform",
    "Weibull",
    "apart",
    "family",
    "holds",
    "inactive",
    "members",
]

KINDS: dict[str, type[Factor] | type[Empirical]] = {
    "uniform": Uniform,
    "loguniform": LogUniform,
    "normal": Normal,
    "lognormal": LogNormal,
    "truncnormal": TruncNormal,
    "triangular": Triangular,
    "beta": Beta,
    "weibull": Weibull,
    "gumbel": Gumbel,
    "integers": Integers,
    "choice": Choice,
    "empirical": Empirical,
}
