"""What can happen to a nominal input before it reaches the network, one file for each family of operations."""

from dnnsa.perturb.base import Perturbation
from dnnsa.perturb.blur import GaussianBlur, Pixelation
from dnnsa.perturb.colour import Hue, Saturation
from dnnsa.perturb.cover import Haze, Occlusion
from dnnsa.perturb.geometry import Rotation, Scale, Shear, Translation
from dnnsa.perturb.intensity import Brightness, Clip, Contrast, Gamma
from dnnsa.perturb.noise import GaussianNoise, ImpulseNoise, ShotNoise

__all__ = [
    "KINDS",
    "Brightness",
    "Clip",
    "Contrast",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Haze",
    "Hue",
    "ImpulseNoise",
    "Occlusion",
    "Perturbation",
    "Pixelation",
    "Rotation",
    "Saturation",
    "Scale",
    "Shear",
    "ShotNoise",
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
    "pixelation": Pixelation,
    "gaussian_noise": GaussianNoise,
    "shot_noise": ShotNoise,
    "impulse_noise": ImpulseNoise,
    "occlusion": Occlusion,
    "haze": Haze,
    "clip": Clip,
}
