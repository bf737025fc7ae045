"""Every design refuses sizes and seeds that would break its points, and names some that would not."""

import pytest

from dnnsa.designs import KINDS
from dnnsa.designs.checks import check


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            (1000, 4, 0),
            "`base_points` must be a power of two multiple of `replicates` (4), got 1000: use 512 or 1024",
        ),
        ((0, 4, 0), "`base_points` must be a power of two multiple of `replicates` (4), got 0: use 4 or 8"),
        ((-8, 4, 0), "`base_points` must be a power of two multiple of `replicates` (4), got -8: use 4 or 8"),
        ((64, 3, 0), "`base_points` must be a power of two multiple of `replicates` (3), got 64: use 48 or 96"),
        ((2**33, 2, 0), "`base_points` must be below 2**32 for each replicate, got 8589934592"),
        ((64, 0, 0), "`replicates` must be at least 1, got 0"),
        ((64, 4, -1), "`seed` must be 0 or above, got -1"),
        ((64, 4, 2**32), "`seed` must be below 2**32, got 4294967296"),
    ],
)
def test_a_size_or_seed_that_breaks_the_points_is_refused_with_one_that_works(settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        check(*settings)
    assert str(error.value) == message


@pytest.mark.parametrize("settings", [(96, 3, 0), (1, 1, 2**32 - 1), (2**32, 2, 1), (7, 7, 0)])
def test_replicates_need_not_be_a_power_of_two(settings):
    check(*settings)


@pytest.mark.parametrize("kind", [kind for name, kind in KINDS.items() if name != "external"])  # has its rows
def test_every_design_is_checked(kind):
    with pytest.raises(ValueError, match="`base_points` must be a power of two multiple"):
        kind(base_points=1000)
    with pytest.raises(ValueError, match="`seed` must be 0 or above"):
        kind(base_points=1024, seed=-1)
