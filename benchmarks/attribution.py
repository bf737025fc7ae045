"""Maps of what a classifier looks at, beside Xplique's: speed, error, coverage, and how well they rank.

    pip install --no-deps xplique tf_keras tensorflow-probability deprecated einops decorator dm-tree cloudpickle
    pip install --no-deps quantus cachetools tqdm
    pip install opencv-python-headless
    python benchmarks/attribution.py [--small]

Xplique and Quantus ask for an older TensorFlow and Keras than ours and run on these, hence `--no-deps`. The
network is a small CNN, trained here in seconds on scikit-learn's digits at 32 x 32 pixels; masks are of 8 x 8 cells,
and the score is the logit of the class. Everything runs in this process, with the threads that TensorFlow takes by
itself.

- Speed, the least of three turns, of as many passes: the network alone in a compiled loop, and in two threads, which
  is how many batches dnnsa has under way here; `dnnsa.attribute` on a worker in this process, from images to maps with
  intervals; Xplique's Sobol' method.
- Error: of total indices at 128 base points, over several seeds, against 4,096 base points, of the small version 1,024
  (twice, of two seeds).
- An additive function of 64 factors, whose total indices sum to 1, at 256 base points: the worst of 20 seeds, each of
  which is a design of its own. Xplique's points have no seed.
- The same masks and Jansen's form: the largest difference to Xplique's map.
- Deletion (less is better), insertion and mu-fidelity (more is better) by Xplique's code, of maps upsampled as it does;
  the mean of Quantus's curve of pixel flipping, of logits (less is better).

The last line is JSON.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from subjects import UNIT, Subject, states

import dnnsa
from dnnsa.cluster import Inside
from dnnsa.designs import Saltelli
from dnnsa.estimators import Block, Sobol
from dnnsa.layout import PICK_FREEZE, Layout, apart
from dnnsa.view.progress import Quiet

SIDE, GRID, BATCH = 32, 8, 1024
CELLS = GRID * GRID
Array = np.ndarray[Any, Any]


class Sizes(NamedTuple):
    images: int  # in the race
    base_points: int  # of each of them
    reference: int  # base points that errors are against
    seeds: int  # of the error at 128 base points
    ranked: int  # images of the metrics
    turns: int


FULL, SMALL = Sizes(128, 256, 4096, 12, 64, 3), Sizes(64, 128, 1024, 3, 8, 1)


def network() -> tuple[keras.Model, Array, Array]:
    """A trained CNN without a softmax, held-out images (n, 32, 32, 1) and their classes."""
    keras.utils.set_random_seed(0)
    digits = load_digits()
    images = tf.image.resize((digits.images[..., None] / 16).astype("float32"), (SIDE, SIDE)).numpy()
    train, test, classes, held = train_test_split(
        images, digits.target, test_size=0.25, random_state=0, stratify=digits.target
    )
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((SIDE, SIDE, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(train, classes, epochs=8, batch_size=64, verbose=0)
    accuracy = model.evaluate(test, held, verbose=0, return_dict=True)["accuracy"]
    print(f"network: {accuracy:.3f} of {len(test)} held-out digits are right")
    return model, test, held


def cells(maps: Array) -> Array:
    """Maps (n, 32, 32) that are constant in a cell, to (n, 64)."""
    step = SIDE // GRID
    return maps[:, ::step, ::step].reshape(len(maps), CELLS)


def explainer(model: keras.Model, design: int) -> Any:
    from xplique.attributions import SobolAttributionMethod

    return SobolAttributionMethod(model, grid_size=GRID, nb_design=design, batch_size=BATCH)


# speed ----------------------------------------------------------------------------------------------------------------


def race(model: keras.Model, images: Array, classes: Array, sizes: Sizes, client: Any) -> dict[str, float]:
    """Seconds of each way, the least of some turns."""
    images, classes = images[: sizes.images], classes[: sizes.images]
    one_hot = keras.utils.to_categorical(classes, 10)
    passes = sizes.images * sizes.base_points * (CELLS + 2)
    step = tf.function(lambda batch: model(batch, training=False), autograph=False)
    batch = tf.constant(np.resize(images, (BATCH, SIDE, SIDE, 1)))
    xplique = explainer(model, sizes.base_points)

    def bare() -> None:
        for _ in range(passes // BATCH):
            step(batch).numpy()

    def twice() -> None:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda _: step(batch).numpy(), range(passes // BATCH)))

    def ours(count: int) -> None:
        settings = {"grid": GRID, "base_points": sizes.base_points, "batch_size": BATCH}
        dnnsa.attribute(model, images[:count], classes[:count], **settings, client=client, reporter=Quiet())

    ways: dict[str, Callable[[], Any]] = {
        "bare": bare,
        "bare, two at once": twice,
        "dnnsa": lambda: ours(sizes.images),
        "xplique": lambda: xplique(images, one_hot),
    }
    step(batch)  # each once before the race: traced, and what is compiled in a process once
    ours(1)
    xplique(images[:1], one_hot[:1])
    least = dict.fromkeys(ways, np.inf)
    for _ in range(sizes.turns):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            least[name] = min(least[name], time.perf_counter() - began)
    return least | {"passes": passes}


# errors ---------------------------------------------------------------------------------------------------------------


def errors(model: keras.Model, images: Array, classes: Array, sizes: Sizes, client: Any) -> dict[str, float]:
    """Relative root mean square error and coverage of ours, and the error of Xplique's, over four images."""
    images, classes = images[:4], classes[:4]

    def ours(base_points: int, seed: int) -> tuple[Array, Array, Array]:
        settings = {"grid": GRID, "base_points": base_points, "seed": seed}
        maps = dnnsa.attribute(model, images, classes, **settings, client=client, reporter=Quiet())
        return cells(maps["ST"].values), cells(maps["ST_lower"].values), cells(maps["ST_upper"].values)

    references = [ours(sizes.reference, 1000 + number)[0] for number in range(2)]
    truth = np.mean(references, axis=0)  # (images, cells)

    def relative(error: Array) -> Array:
        return np.sqrt((error**2).mean(axis=-1) / (truth**2).mean(axis=-1))  # (..., images)

    found = np.array([ours(128, seed) for seed in range(sizes.seeds)])  # (seeds, 3, images, cells)
    held = (found[:, 1] <= truth) & (truth <= found[:, 2])
    result = {
        "relative_rmse": float(relative(found[:, 0] - truth).mean()),
        "coverage": float(held.mean()),
        "reference_rmse": float(relative(references[0] - references[1]).mean()),
        "sum_st": float(found[:, 0].sum(axis=-1).mean() / truth.sum(axis=-1).mean()),
    }
    one_hot = keras.utils.to_categorical(classes, 10)
    for design in (32, 128):
        maps = np.stack([_coarse(model, design, image, target) for image, target in zip(images, one_hot, strict=True)])
        result[f"xplique_{design}_relative_rmse"] = float(relative(maps - truth).mean())
        result[f"xplique_{design}_sum_st"] = float(maps.sum() / truth.sum())
    return result


def _coarse(model: keras.Model, design: int, image: Array, target: Array) -> Array:
    """Xplique's map of one image before it is upsampled, (64,)."""
    xplique = explainer(model, design)
    outputs = _outputs(model, xplique, image, target)
    return np.asarray(xplique.estimator(xplique.masks, tf.constant(outputs), design)).ravel()


def _outputs(model: keras.Model, xplique: Any, image: Array, target: Array) -> Array:
    """Scores of one image under Xplique's masks, (masks,)."""
    masks = tf.image.resize(xplique.masks, (SIDE, SIDE), method="nearest")
    return np.asarray(tf.reduce_sum(model(image[None] * masks, training=False) * target, axis=-1))


def parity(model: keras.Model, images: Array, classes: Array) -> float:
    """Largest difference of Jansen's form of ours to Xplique's map, from the same runs, over four images."""
    worst, design = 0.0, 32
    for image, target in zip(images[:4], keras.utils.to_categorical(classes[:4], 10), strict=True):
        xplique = explainer(model, design)
        outputs = _outputs(model, xplique, image, target)
        theirs = np.asarray(xplique.estimator(xplique.masks, tf.constant(outputs), design)).ravel()
        a, b, c = outputs[:design], outputs[design : 2 * design], outputs[2 * design :].reshape(CELLS, design)
        y = np.concatenate([a[:, None], b[:, None], c.T], axis=1)  # (n, 2 + cells)
        layout, jansen = Layout(PICK_FREEZE, apart(CELLS), False), Sobol(estimator="jansen")
        nowhere = np.full((design, 2, CELLS), 0.5)
        state = jansen.update(jansen.init(layout, ()), Block(y, nowhere, nowhere))
        ours = jansen.finalize([state], layout, 2.0**-23).maps["ST"].array
        ours = ours * (2 * design - 1) / (2 * design)  # Xplique divides by 2 n where OpenTURNS and we have 2 n - 1
        worst = max(worst, float(np.abs(ours - theirs).max()))
    return worst


def additive() -> dict[str, float]:
    """Worst distance of the sum of 64 total indices of an additive function from 1."""
    even = np.full(CELLS, 1 / CELLS)
    subject = Subject("additive", [UNIT] * CELLS, lambda x: np.asarray(x.sum(axis=0)), even, even)
    worst: dict[str, float] = {}
    for name, estimator in {"linear": Sobol(control="linear"), "none": Sobol()}.items():
        sums = []
        for seed in range(20):
            layout, folded = states(subject, Saltelli(base_points=256, replicates=4, seed=seed), estimator)
            sums.append(estimator.finalize(folded, layout, 2.0**-52).maps["ST"].array.sum())
        worst[name] = float(np.abs(np.array(sums) - 1).max())
    from xplique.attributions.global_sensitivity_analysis import JansenEstimator, TFSobolSequenceRS

    masks = tf.reshape(TFSobolSequenceRS()(CELLS, 256), (-1, GRID, GRID, 1))
    theirs = np.asarray(JansenEstimator()(masks, tf.reduce_sum(masks, axis=(1, 2, 3)), 256)).sum()
    return {"linear": worst["linear"], "none": worst["none"], "xplique": abs(float(theirs) - 1)}


# ranking --------------------------------------------------------------------------------------------------------------


def metrics(model: keras.Model, images: Array, classes: Array, sizes: Sizes, client: Any) -> dict[str, list[float]]:
    """Deletion, insertion and mu-fidelity by Xplique's metrics of the probabilities, and Quantus's pixel flipping."""
    import quantus
    from xplique.attributions import GradientInput
    from xplique.metrics import Deletion, Insertion, MuFidelity

    images, classes = images[: sizes.ranked], classes[: sizes.ranked]
    one_hot = keras.utils.to_categorical(classes, 10)
    likely = keras.Sequential([model, keras.layers.Softmax()])
    judges = [judge(likely, images, one_hot) for judge in (Deletion, Insertion, MuFidelity)]
    flipping = quantus.PixelFlipping(features_in_step=SIDE, disable_warnings=True)

    def flipped(one: Array) -> float:
        settings = {"channel_first": False, "softmax": False}
        return float(np.mean(flipping(model, images, classes, one.transpose(0, 3, 1, 2), **settings)))

    ours = dnnsa.attribute(model, images, classes, grid=GRID, client=client, reporter=Quiet())
    coarse = cells(ours["ST"].values).reshape(-1, GRID, GRID, 1)
    maps = {
        "dnnsa, as it is": ours["ST"].values[..., None],
        "dnnsa, upsampled": tf.image.resize(coarse, (SIDE, SIDE), method="bicubic").numpy(),
        "Xplique": np.asarray(explainer(model, 128)(images, one_hot)),
        "gradient x input": np.asarray(GradientInput(model)(images, one_hot)),
        "random": np.random.default_rng(0).random(images.shape).astype("float32"),
    }
    maps = {name: np.asarray(one, "float32") for name, one in maps.items()}
    return {name: [*(float(judge(one)) for judge in judges), flipped(one)] for name, one in maps.items()}


def show(title: str, head: list[str], rows: list[list[str]]) -> None:
    table = Table(*head, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console(width=110).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a minute's version")
    sizes = SMALL if parser.parse_args().small else FULL
    model, images, classes = network()
    with Inside().open() as client:
        raced = race(model, images, classes, sizes, client)
        erred = errors(model, images, classes, sizes, client)
        ranked = metrics(model, images, classes, sizes, client)
    summed, apart_by = additive(), parity(model, images, classes)
    passes = raced.pop("passes")
    rates = [[name, f"{s:.2f}", f"{passes / s:,.0f}", f"{raced['bare'] / s:.2f}"] for name, s in raced.items()]
    show(f"{passes:,.0f} passes", ["", "seconds", "passes a second", "of the bare loop"], rates)
    show(
        "total indices of four images",
        ["", "relative RMSE", "sum over that of the reference"],
        [
            ["dnnsa, 128", f"{erred['relative_rmse']:.3f}", f"{erred['sum_st']:.2f}"],
            *(
                [f"Xplique, {n}", f"{erred[f'xplique_{n}_relative_rmse']:.3f}", f"{erred[f'xplique_{n}_sum_st']:.2f}"]
                for n in (32, 128)
            ),
            ["one reference against the other", f"{erred['reference_rmse']:.3f}", ""],
        ],
    )
    show(
        "|sum of ST - 1| of an additive function of 64 factors, 256 base points",
        ["", "worst of 20 seeds"],
        [
            ["dnnsa, as `attribute` has it", f"{summed['linear']:.1e}"],
            ["dnnsa, without control variates", f"{summed['none']:.2f}"],
            ["Xplique, which has one design", f"{summed['xplique']:.2f}"],
        ],
    )
    rows = [[name, *(f"{value:.3f}" for value in values)] for name, values in ranked.items()]
    show(f"maps of {sizes.ranked} images", ["", "deletion", "insertion", "mu-fidelity", "pixel flipping"], rows)
    print(f"coverage of nominal 95 % intervals: {erred['coverage']:.3f}")
    print(f"same masks, Jansen: largest difference to Xplique's map {apart_by:.1e}")
    told = {
        "of_bare_loop": raced["bare"] / raced["dnnsa"],
        "of_two_bare_loops": raced["bare, two at once"] / raced["dnnsa"],
        "xplique_of_bare_loop": raced["bare"] / raced["xplique"],
        "vs_xplique": raced["xplique"] / raced["dnnsa"],
        "sum_st_worst_error": summed["linear"],
        "xplique_sum_st_error": summed["xplique"],
        "relative_rmse": erred["relative_rmse"],
        "xplique_relative_rmse": erred["xplique_128_relative_rmse"],
        "coverage": erred["coverage"],
        "same_masks_difference": apart_by,
    }
    print(json.dumps({name: float(f"{value:.3g}") for name, value in told.items()}))


if __name__ == "__main__":
    main()
