"""Streaming, mergeable estimators: a state for each part of a study, merged in any grouping."""

if __name__ == "estimators":
    raise ImportError("import dnnsa.estimators: `estimators` is a folder of the checkout.")

from dnnsa.estimators.active_subspace import ActiveSubspace
from dnnsa.estimators.base import Block, Estimator
from dnnsa.estimators.binned import Binned
from dnnsa.estimators.covariance import Covariance
from dnnsa.estimators.dgsm import Dgsm
from dnnsa.estimators.exceedance import Exceedance
from dnnsa.estimators.extrema import Extrema
from dnnsa.estimators.histogram import Histogram
from dnnsa.estimators.hsic import Hsic
from dnnsa.estimators.main_effects import MainEffects
from dnnsa.estimators.moments import Moments
from dnnsa.estimators.morris import Morris
from dnnsa.estimators.quantiles import Quantiles
from dnnsa.estimators.sobol import Sobol

KINDS: dict[str, type[Estimator]] = {
    "sobol": Sobol,
    "morris": Morris,
    "dgsm": Dgsm,
    "active_subspace": ActiveSubspace,
    "hsic": Hsic,
    "binned": Binned,
    "main_effects": MainEffects,
    "moments": Moments,
    "extrema": Extrema,
    "exceedance": Exceedance,
    "histogram": Histogram,
    "quantiles": Quantiles,
    "covariance": Covariance,
}

__all__ = [
    "KINDS",
    "ActiveSubspace",
    "Binned",
    "Block",
    "Covariance",
    "Dgsm",
    "Estimator",
    "Exceedance",
    "Extrema",
    "Histogram",
    "Hsic",
    "MainEffects",
    "Moments",
    "Morris",
    "Quantiles",
    "Sobol",
]
