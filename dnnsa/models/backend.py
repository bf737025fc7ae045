"""The backend of Keras in this process: how it is started, and its way to compile a function of tensors."""

from collections.abc import Callable
from functools import partial
from typing import Any

from dnnsa.arrays import Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.models.chatter import without_chatter


def start() -> None:
    """Import Keras.

    TensorFlow, if it has not started yet, and PyTorch get one thread: a study is parallel over its workers, and results
    must not depend on how many cores one of them sees. JAX has no such setting; it gets numbers of 64 bits, which it
    would cut without a word. What gets these settings may not take the 10 bits of TF32 for the 23 of a float32 on a GPU
    either: results would not be those of a CPU, nor rounding what estimators take it for.

    Raises
    ------
    ModelError
        Keras runs on a backend that dnnsa cannot use.
    """
    with without_chatter():
        import keras  # noqa: F401

        if name() not in _STARTS:
            raise ModelError(
                f"model: Keras runs on `{name()}`, and dnnsa on `tensorflow`, `jax` or `torch`: set KERAS_BACKEND to "
                "one of them."
            )
        _STARTS[name()]()


def _start_tensorflow() -> None:
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # it has started in this process: its owner's choice stands
    tf.config.experimental.enable_tensor_float_32_execution(False)
    tf.config.list_logical_devices()  # it starts here, where what it says of them is held back


def _start_jax() -> None:
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_default_matmul_precision", "highest")


def _start_torch() -> None:
    import torch

    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False


_STARTS = {"tensorflow": _start_tensorflow, "jax": _start_jax, "torch": _start_torch}


def compiled(function: Callable[..., Any], differentiable: bool = False) -> Callable[..., Any]:
    """One traced function of a function of tensors, traced again for other shapes; the function itself on PyTorch.

    XLA is not asked for on TensorFlow: it cannot compile the sampling of images, and on the digits study's network on
    a CPU it took 29 microseconds an image where the graph took 25.
    """
    backend = name()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(_apart(function), autograph=False)  # type: ignore[no-any-return]
    if backend == "jax":
        import jax

        return jax.jit(function)  # type: ignore[no-any-return]
    import torch

    return function if differentiable else torch.no_grad()(function)


def _apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, which TensorFlow tells from other functions of the same code.

    It counts how often a code is traced and warns at the fifth time, whatever the functions of that code hold: a
    session that runs five studies would be told that it retraces.
    """
    return partial(function)


def batches_at_once() -> int:
    """How many calls of a compiled function are worth making at the same time, from threads.

    Where TensorFlow has several threads, one core of them idles whenever a batch is made ready, or is in an operation
    that is not shared out; a second batch takes it.
    """
    if name() != "tensorflow":
        return 1
    import tensorflow as tf

    return 1 if tf.config.threading.get_intra_op_parallelism_threads() == 1 else 2


def fused(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tensors compiled by XLA, loops included, for each set of shapes; the function itself on PyTorch."""
    if name() == "tensorflow":
        import tensorflow as tf

        return tf.function(_apart(function), autograph=False, jit_compile=True)  # type: ignore[no-any-return]
    if name() == "jax":
        import jax

        return jax.jit(function)  # type: ignore[no-any-return]
    return function


def with_gradients(function: Callable[[Any], tuple[Tensor, Any]], variables: Any) -> tuple[Any, Any]:
    """Gradients of a scalar by a structure of tensors, in that structure, and what else the function gives."""
    from keras import tree

    if name() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(variables)
            value, extra = function(variables)
        found = tape.gradient(value, tree.flatten(variables), unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tree.pack_sequence_as(variables, found), extra
    if name() == "jax":
        import jax

        return jax.grad(function, has_aux=True)(variables)  # type: ignore[no-any-return]
    import torch

    leaves = [leaf.detach().clone().requires_grad_() for leaf in tree.flatten(variables)]
    value, extra = function(tree.pack_sequence_as(variables, leaves))
    slopes = torch.autograd.grad(value, leaves, allow_unused=True)
    found = [torch.zeros_like(leaf) if slope is None else slope for leaf, slope in zip(leaves, slopes, strict=True)]
    return tree.pack_sequence_as(variables, found), tree.map_structure(lambda one: one.detach(), extra)


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
