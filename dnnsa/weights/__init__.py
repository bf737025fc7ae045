"""What can happen to a network's weights, one file for each family."""

from dnnsa.weights.base import WeightPerturbation
from dnnsa.weights.noise import RelativeNoise
from dnnsa.weights.smaller import Prune, Quantize

KINDS: dict[str, type[WeightPerturbation]] = {"relative_noise": RelativeNoise, "quantize": Quantize, "prune": Prune}

__all__ = ["KINDS", "Prune", "Quantize", "RelativeNoise", "WeightPerturbation"]
