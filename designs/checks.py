"""What every design asks of its size and its seed."""


def check(base_points: int, replicates: int, seed: int) -> None:
    """Refuse settings that would break a sequence, and say which would not.

    Raises
    ------
    ValueError
        `base_points` is not a power of two multiple of `replicates`, or one of the three is out of range.
    """
    if replicates < 1:
        raise ValueError(f"`replicates` must be at least 1, got {replicates}")
    if seed < 0:
        raise ValueError(f"`seed` must be 0 or above, got {seed}")
    if seed >= 2**32:  # NumPy cuts seeds in words of 32 bits: seed 2**32 of replicate 0 would be seed 0 of replicate 1
        raise ValueError(f"`seed` must be below 2**32, got {seed}")
    share, rest = divmod(base_points, replicates)
    if rest or not _power_of_two(share):
        below = replicates * 2 ** max(0, share.bit_length() - 1) if share > 0 else replicates
        raise ValueError(
            f"`base_points` must be a power of two multiple of `replicates` ({replicates}), got {base_points}: "
            f"use {below} or {2 * below}"
        )
    if share >= 2**32:
        raise ValueError(f"`base_points` must be below 2**32 for each replicate, got {base_points}")


def _power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0
