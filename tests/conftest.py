"""One local cluster of two processes for all tests that need no cluster of their own."""

import pytest

from dnnsa.cluster import Local


@pytest.fixture(scope="session")
def client():
    with Local(workers=2).open() as client:
        yield client
