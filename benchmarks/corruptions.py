"""What perturbing an image costs, beside the network that looks at it and Keras' own layer of the same effect.

    python examples/digits/train.py
    python benchmarks/corruptions.py [--small]

Each is one compiled function of a batch, as in a study, on one thread, with a strength of its own for each image; the
least time of several rounds, in which ours, Keras' and the network take turns. First the corruptions of the digits
study, 8 x 8 grey, 4,096 images; then all of images, 32 x 32 in colour, 256 images, before a MobileNetV2. Keras' layers
draw their own strengths, some of them one for a whole batch. The last line is JSON.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import dnnsa
from dnnsa.engine.stages import on_device
from dnnsa.models import backend
from dnnsa.perturb import (
    Brightness,
    Clip,
    Contrast,
    Elastic,
    Gamma,
    GaussianBlur,
    GaussianNoise,
    Haze,
    Hue,
    ImpulseNoise,
    Jpeg,
    MotionBlur,
    Occlusion,
    Pixelation,
    Rotation,
    Saturation,
    Scale,
    Shear,
    ShotNoise,
    Translation,
)
from dnnsa.perturb.base import Data

FOLDER = Path(__file__).parents[1] / "examples" / "digits"
SIZE = 32

PARTS = [
    Rotation(angle="angle"),
    Translation(x="x", y="y"),
    Scale(x="wider", y="wider"),
    Shear(x="slant"),
    Elastic(amplitude="bend", sd=4.0, seed="seed"),
    GaussianBlur(sd="sd"),
    MotionBlur(length="length", angle="angle"),
    Pixelation(size="block"),
    Jpeg(quality="quality"),
    Contrast(factor="factor"),
    Brightness(delta="delta"),
    Gamma(gamma="factor"),
    Saturation(factor="factor"),
    Hue(angle="angle"),
    GaussianNoise(sd="noise", seed="seed"),
    ShotNoise(amplitude="noise", seed="seed"),
    ImpulseNoise(share="noise", seed="seed"),
    Occlusion(size="share", x="share", y="share"),
    Haze(amount="share"),
    Clip(low=0.0, high=1.0),
]
RANGES = {
    "angle": (-25, 25),
    "x": (-3, 3),
    "y": (-3, 3),
    "wider": (0.8, 1.25),
    "slant": (-0.3, 0.3),
    "bend": (0, 2),
    "sd": (0, 2),
    "length": (0, 8),
    "block": (1, 4),
    "quality": (5, 95),
    "factor": (0.5, 1.5),
    "delta": (-0.2, 0.2),
    "noise": (0, 0.2),
    "share": (0, 0.5),
}


def keras_layers():
    """Keras' layer of the same effect and about the same strengths, by our kind."""
    from keras import layers

    turned = 25 / 360  # of a circle
    moved = 3 / SIZE
    still = {"fill_mode": "constant", "fill_value": 0.0}
    return {
        "rotation": layers.RandomRotation(turned, **still),
        "translation": layers.RandomTranslation(moved, moved, **still),
        "scale": layers.RandomZoom(0.2, **still),
        "shear": layers.RandomShear(x_factor=0.3, **still),
        "elastic": layers.RandomElasticTransform(factor=1.0, scale=1.0, value_range=(0, 1), **still),
        "gaussian_blur": layers.RandomGaussianBlur(factor=1.0, kernel_size=7, sigma=1.0, value_range=(0, 1)),
        "contrast": layers.RandomContrast(0.5, value_range=(0, 1)),
        "brightness": layers.RandomBrightness(0.2, value_range=(0, 1)),
        "saturation": layers.RandomSaturation(0.5, value_range=(0, 1)),
        "hue": layers.RandomHue(0.1, value_range=(0, 1)),
        "gaussian_noise": layers.GaussianNoise(0.1),
        "occlusion": layers.RandomErasing(factor=1.0, scale=(0.02, 0.25), fill_value=0.0, value_range=(0, 1)),
    }


def least(functions, rounds):
    """Seconds of each function of no arguments, the least of so many rounds in which they take turns."""
    best = dict.fromkeys(functions, np.inf)
    for call in functions.values():
        call()  # it is compiled here
    for _ in range(rounds):
        for name, call in functions.items():
            began = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - began)
    return best


def timed(function, *arguments):
    """A call of the compiled function that waits for its end."""
    compiled = backend.compiled(function)
    arguments = on_device(arguments)
    return lambda: np.asarray(compiled(*arguments)[:1])


def strengths(laws, rows):
    """A value of each factor for each image, in its range or by its law; seeds are integers."""
    rng = np.random.default_rng(0)
    drawn = {
        name: rng.uniform(*law, rows) if isinstance(law, tuple) else law.ppf(rng.random(rows))
        for name, law in laws.items()
    }
    return drawn | {name: np.arange(rows) for name in drawn | {"seed": None} if "seed" in name}


def chained(bound):
    def all_of_them(inputs, values, case):
        for apply in bound:
            inputs = apply(inputs, values, case)
        return inputs

    return all_of_them


def measured(parts, images, values, network, layers, rounds):
    """Seconds for the batch: of each kind, of all in one function, of the network, and of Keras' layers."""
    data = Data(images, lambda *_: images, FOLDER, {})
    case = np.arange(len(images), dtype=np.int32)
    bound = {part.kind: part.bind(data) for part in parts}
    functions = {kind: timed(apply, images, values, case) for kind, apply in bound.items()}
    functions["all in a row"] = timed(chained(bound.values()), images, values, case)
    functions["network"] = timed(network, images)
    for kind, layer in layers.items():
        functions[f"keras {kind}"] = timed(lambda inputs, layer=layer: layer(inputs, training=True), images)
    return least(functions, rounds)


def table(title, seconds, rows):
    print(f"{title}\n{'':16s} {'us an image':>12s} {'of inference':>13s} {'Keras, us':>10s} {'ours / its':>11s}")
    for kind, ours in seconds.items():
        if kind.startswith("keras "):
            continue
        line = f"{kind:16s} {ours / rows * 1e6:12.2f} {ours / seconds['network']:13.3f}"
        if theirs := seconds.get(f"keras {kind}"):
            line += f" {theirs / rows * 1e6:10.2f} {ours / theirs:11.3f}"
        print(line)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true", help="3 rounds")
    rounds = 3 if arguments.parse_args().small else 30
    backend.start()
    import keras

    study = dnnsa.Study.from_yaml(FOLDER / "study.yaml")
    digits = study.model.load(study.directory, study.digests())
    images = study.cases.load(study.directory, study.digests()).inputs
    images = np.resize(images, (4096, *images.shape[1:]))
    values = strengths(study.factors, len(images))
    of_digits = measured(study.perturb, images, values, lambda x: digits.predict(x, {})[0], {}, rounds)
    table("digits study, 8 x 8 x 1", of_digits, len(images))

    mobile = keras.applications.MobileNetV2(input_shape=(SIZE, SIZE, 3), weights=None, classes=10)
    colour = np.random.default_rng(0).random((256, SIZE, SIZE, 3), dtype=np.float32)
    values = strengths(RANGES, len(colour))
    seconds = measured(PARTS, colour, values, lambda x: mobile(x, training=False), keras_layers(), rounds)
    table("colour, 32 x 32 x 3", seconds, len(colour))
    ratios = {kind: seconds[kind] / seconds[f"keras {kind}"] for kind in keras_layers()}
    kinds = [part.kind for part in PARTS]
    print(
        json.dumps(
            {
                "corruptions_of_inference": round(of_digits["all in a row"] / of_digits["network"], 3),
                "of_inference": {kind: round(seconds[kind] / seconds["network"], 4) for kind in kinds},
                "vs_keras": {kind: round(ratio, 3) for kind, ratio in ratios.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
