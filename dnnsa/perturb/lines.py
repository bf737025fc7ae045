"""Images whose columns and rows are mixed by a matrix of each row of the batch, and such matrices."""

from dnnsa.arrays import Tensor


def mixed(inputs: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Images (rows, height, width, channels) mixed by weights (rows, height, height) and (rows, width, width)."""
    from keras import ops

    rows, height, width, channels = inputs.shape
    result = ops.matmul(down, ops.reshape(inputs, (rows, height, width * channels)))
    if channels == 1:
        return ops.reshape(ops.matmul(result, ops.swapaxes(across, 1, 2)), inputs.shape)
    result = ops.reshape(ops.transpose(ops.reshape(result, inputs.shape), (0, 2, 1, 3)), (rows, width, -1))
    result = ops.matmul(across, result)  # (rows, width, height * channels)
    return ops.transpose(ops.reshape(result, (rows, width, height, channels)), (0, 2, 1, 3))


def gaussian(sd: Tensor, size: int) -> Tensor:
    """Weight of each place of a line for each place, (rows, size, size), with 1 at no distance; sd (rows,), places."""
    from keras import ops

    position = ops.arange(size, dtype=sd.dtype)
    distance = position[:, None] - position[None, :]  # (size, size)
    width = ops.where(sd == 0, ops.ones_like(sd), sd)[:, None, None]
    gauss = ops.exp(-0.5 * ops.square(distance / width))  # (rows, size, size)
    return ops.where(sd[:, None, None] == 0, ops.eye(size, dtype=sd.dtype), gauss)


def keeping_variance(weights: Tensor) -> Tensor:
    """Weights (rows, size, size) scaled so that independent numbers mixed by them keep their variance."""
    from keras import ops

    return weights / ops.sqrt(ops.sum(ops.square(weights), axis=2, keepdims=True))


def read_at(source: Tensor, size: int) -> Tensor:
    """Weight of each place of a line for what is read at ``source``, (rows, n), linear between places: (rows, n, size).

    Outside of the line is 0.
    """
    from keras import ops

    distance = ops.abs(source[:, :, None] - ops.arange(size, dtype=source.dtype))
    return ops.relu(1 - distance)
