"""What can happen to a nominal input before it reaches the network, one file for each family of operations."""

from dnnsa.perturb.base import Perturbation
from dnnsa.perturb.blur import GaussianBlur, Pixelation
from dnnsa.perturb.colour import Hue, Saturation
from dnnsa.perturb.cover import Haze, Occlusion
from dnnsa.perturb.drift import Drift
from dnnsa.perturb.elastic import Elastic
from dnnsa.perturb.function import Function
from dnnsa.perturb.geometry import Rotation, Scale, Shear, Translation
from dnnsa.perturb.intensity import Brightness, Clip, Contrast, Gamma
from dnnsa.perturb.jpeg import Jpeg
from dnnsa.perturb.mask import Mask
from dnnsa.perturb.motion import MotionBlur
from dnnsa.perturb.noise import GaussianNoise, ImpulseNoise, ShotNoise
from dnnsa.perturb.series import DropoutSegment, TimeShift, Warp
from dnnsa.perturb.spectrum import Band
from dnnsa.perturb.table import FeatureNoise, FeatureShift, Replace

__all__ = [
    "KINDS",
    "Band",
    "Brightness",
    "Clip",
    "Contrast",
    "Drift",
    "DropoutSegment",
    "Elastic",
    "FeatureNoise",
    "FeatureShift",
    "Function",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Haze",
    "Hue",
    "ImpulseNoise",
    "Jpeg",
    "Mask",
    "MotionBlur",
    "Occlusion",
    "Perturbation",
    "Pixelation",
    "Replace",
    "Rotation",
    "Saturation",
    "Scale",
    "Shear",
    "ShotNoise",
    "TimeShift",
    "Translation",
    "Warp",
]

KINDS: dict[str, type[Perturbation]] = {
    "rotation": Rotation,
    "translation": Translation,
    "scale": Scale,
    "shear": Shear,
    "elastic": Elastic,
    "brightness": Brightness,
    "contrast": Contrast,
    "gamma": Gamma,
    "saturation": Saturation,
    "hue": Hue,
    "gaussian_blur": GaussianBlur,
    "motion_blur": MotionBlur,
    "pixelation": Pixelation,
    "jpeg": Jpeg,
    "gaussian_noise": GaussianNoise,
    "shot_noise": ShotNoise,
    "impulse_noise": ImpulseNoise,
    "occlusion": Occlusion,
    "haze": Haze,
    "clip": Clip,
    "mask": Mask,
    "feature_noise": FeatureNoise,
    "feature_shift": FeatureShift,
    "replace": Replace,
    "dropout_segment": DropoutSegment,
    "time_shift": TimeShift,
    "warp": Warp,
    "band": Band,
    "drift": Drift,
    "function": Function,
}
