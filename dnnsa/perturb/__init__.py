"""What can happen to a nominal input before it reaches the network, one file for each family of operations."""

from dnnsa.perturb.base import Perturbation
from dnnsa.perturb.blur import GaussianBlur
from dnnsa.perturb.colour import Hue, Saturation
from dnnsa.perturb.geometry import Rotation, Scale, Shear, Translation
from dnnsa.perturb.intensity import Brightness, Clip, Contrast, Gamma
from dnnsa.perturb.noise import GaussianNoise

__all__ = [
    "KINDS",
    "Brightness",
    "Clip",
    "Contrast",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Hue",
    "Perturbation",
    "Rotation",
    "Saturation",
    "Scale",
    "Shear",
    "Translation",
]

KINDS: dict[str, type[Perturbation]] = {
    "rotation": Rotation,
    "translation": Translation,
    "scale": Scale,
    "shear": Shear,
    "brightness": Brightness,
    "contrast": Contrast,
    "gamma": Gamma,
    "saturation": Saturation,
    "hue": Hue,
    "gaussian_blur": GaussianBlur,
    "gaussian_noise": GaussianNoise,
    "clip": Clip,
}
