"""Whether a longer study has the points of a shorter one."""

from dataclasses import replace

import numpy as np
import pytest

from dnnsa.designs import Morris, Saltelli, Sample

SEQUENCES = ("sobol", "halton", "latin_hypercube", "monte_carlo")
DESIGNS = [kind(base_points=2048, sequence=name) for kind in (Saltelli, Sample) for name in SEQUENCES]


@pytest.mark.parametrize(
    "design", [*DESIGNS, Morris(base_points=2048)], ids=lambda d: f"{d.kind} {getattr(d, 'sequence', '')}"
)
@pytest.mark.parametrize("fewer", [8, 32, 256, 1024])
def test_a_design_says_truly_whether_it_begins_with_fewer_base_points(design, fewer):
    groups = (0, 1, 2)
    shorter = replace(design, base_points=fewer)
    share = fewer // design.replicates
    alike = all(
        np.array_equal(design.points(groups, r, 0, share), shorter.points(groups, r, 0, share))
        for r in range(design.replicates)
    )
    assert design.begins_with(groups, fewer) == alike
    if getattr(design, "sequence", "") == "sobol":
        assert alike == (share >= (32 if design.kind == "saltelli" else 8))
    else:
        assert alike
