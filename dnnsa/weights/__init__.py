"""What can happen to a network's weights, one file for each family."""

from dnnsa.weights.base import WeightPerturbation
from dnnsa.weights.noise import RelativeNoise

KINDS: dict[str, type[WeightPerturbation]] = {"relative_noise": RelativeNoise}

__all__ = ["KINDS", "RelativeNoise", "WeightPerturbation"]
