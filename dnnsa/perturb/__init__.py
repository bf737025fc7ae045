"""What can happen to a nominal input before it reaches the network, one file for each family of operations."""

from dnnsa.perturb.base import Perturbation
from dnnsa.perturb.blur import GaussianBlur
from dnnsa.perturb.geometry import Rotation, Translation
from dnnsa.perturb.intensity import Brightness, Clip, Contrast
from dnnsa.perturb.noise import GaussianNoise

__all__ = [
    "KINDS",
    "Brightness",
    "Clip",
    "Contrast",
    "GaussianBlur",
    "GaussianNoise",
    "Perturbation",
    "Rotation",
    "Translation",
]

KINDS: dict[str, type[Perturbation]] = {
    "rotation": Rotation,
    "translation": Translation,
    "brightness": Brightness,
    "contrast": Contrast,
    "gaussian_blur": GaussianBlur,
    "gaussian_noise": GaussianNoise,
    "clip": Clip,
}
