"""Streaming, mergeable estimators: a state for each part of a study, merged in any grouping."""

if __name__ == "estimators":
    raise ImportError("import dnnsa.estimators: `estimators` is a folder of the checkout.")

from dnnsa.estimators.base import Estimator
from dnnsa.estimators.moments import Moments
from dnnsa.estimators.sobol import Sobol

KINDS: dict[str, type[Estimator]] = {"sobol": Sobol, "moments": Moments}

__all__ = ["KINDS", "Estimator", "Moments", "Sobol"]
