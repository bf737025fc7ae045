"""The backend of Keras in this process: started with one thread, and its way to compile a function of tensors."""

from collections.abc import Callable
from typing import Any

from dnnsa.arrays import Tensor, Values
from dnnsa.models.chatter import without_chatter


def start() -> None:
    """Import Keras.

    TensorFlow gets one thread, if it has not started yet: a study is parallel over its workers, and results must not
    depend on how many cores one of them sees.
    """
    with without_chatter():
        import keras  # noqa: F401

        if name() == "tensorflow":
            _use_one_thread()


def _use_one_thread() -> None:
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # it has started in this process: its owner's choice stands


def compiled(function: Callable[..., Any], differentiable: bool = False) -> Callable[..., Any]:
    """One traced function of a function of tensors, traced again for other shapes; the function itself on PyTorch.

    XLA is not asked for on TensorFlow: it cannot compile the sampling of images, and on the digits study's network on
    a CPU it took 29 microseconds an image where the graph took 25.
    """
    backend = name()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False)  # type: ignore[no-any-return]
    if backend == "jax":
        import jax

        return jax.jit(function)  # type: ignore[no-any-return]
    import torch

    return function if differentiable else torch.no_grad()(function)


def name() -> str:
    """Of the backend."""
    import keras

    return str(keras.backend.backend())


def slopes(function: Callable[[Values], Tensor], values: Values, cell: int) -> Values:
    """Derivatives of one column of a function by each value of a row, in the shapes of the values.

    Parameters
    ----------
    function
        Of values (rows, ...), each row of the result (rows, cells) a function of the same row of each alone.
    values
        Those that are integers have no derivative, and are left out of the result.
    """
    from keras import ops

    smooth = {key: value for key, value in values.items() if "float" in ops.dtype(value)}

    def column(some: Values) -> Tensor:
        return ops.sum(function({**values, **some})[:, cell])

    if name() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(smooth)
            total = column(smooth)
        found = tape.gradient(total, smooth, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return {key: ops.convert_to_tensor(slope) for key, slope in found.items()}
    if name() == "jax":
        import jax

        return jax.grad(column)(smooth)  # type: ignore[no-any-return]
    import torch

    leaves = {key: value.detach().clone().requires_grad_() for key, value in smooth.items()}
    found = torch.autograd.grad(column(leaves), list(leaves.values()), allow_unused=True)
    return {
        key: torch.zeros_like(leaf) if slope is None else slope
        for (key, leaf), slope in zip(leaves.items(), found, strict=True)
    }
