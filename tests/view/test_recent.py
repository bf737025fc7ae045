"""The rate of late: without the first networks' compilation, and nothing before it can be told."""

import pytest

from dnnsa.view.recent import Recent


def rates(counts, unit="runs"):
    """Rates after each (seconds, done)."""
    recent = Recent()
    return [recent.rate(now, done, unit) for now, done in counts]


def test_the_wait_for_the_first_run_is_not_in_the_rate_of_the_others():
    counts = [(0, 0), *((50 + k, 1 + 10 * k) for k in range(56))]  # 50 s to compile, then 10 a second
    told = rates(counts)
    assert told[:51] == [0] * 51
    assert told[51:] == pytest.approx([10] * 6)


def test_runs_that_begin_together_do_not_make_the_rate_of_the_next_ones():
    wave = [(100 * k + j / 10, 8 * (k - 1) + j) for k in (1, 2, 3) for j in range(1, 9)]  # 8 workers, 100 s a run
    told = rates([(0, 0), *wave])
    assert told[1:9] == [0] * 8
    assert 0.08 <= told[-1] <= 0.1  # eight in 100 s; a window ends within a wave


def test_the_rate_is_of_the_last_minute_and_of_ten_runs_at_least():
    fast = [(k, k) for k in range(201)]
    slow = [(200 + 5 * k, 200 + k) for k in range(1, 41)]
    assert rates([*fast, *slow])[-1] == pytest.approx(0.2, rel=0.01)
    seldom = [(30 * k, k) for k in range(101)]  # two in a minute
    assert rates(seldom)[-1] == pytest.approx(1 / 30, rel=0.01)


def test_when_nothing_comes_the_rate_falls():
    told = rates([(0, 0), (10, 1), (20, 2), (30, 3), (300, 3)])
    assert told[3] == pytest.approx(0.1)
    assert told[4] == pytest.approx(2 / 290)


def test_base_points_are_told_at_once_and_another_count_begins_anew():
    assert rates([(0, 0), (2, 32)], "base points") == [0, 16]
    recent = Recent()
    assert [recent.rate(t, n, "base points", total) for t, n, total in ((0, 0, 64), (1, 64, 64), (2, 64, 128))] == [
        0,
        64,
        0,
    ]
