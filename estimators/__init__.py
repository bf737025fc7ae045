"""Streaming, mergeable estimators: a state for each part of a study, merged in any grouping."""

from dnnsa.estimators.base import Estimator
from dnnsa.estimators.moments import Moments
from dnnsa.estimators.sobol import Sobol

KINDS: dict[str, type[Estimator]] = {"sobol": Sobol, "moments": Moments}

__all__ = ["KINDS", "Estimator", "Moments", "Sobol"]
