"""Start-up chatter is dropped; everything else that is written to standard error arrives."""

import os
import sys

import pytest

from dnnsa.models.chatter import without_chatter

CHATTER = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795232507.238913    2898 cudart_stub.cc:31] Could not find cuda drivers on your machine.",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.",
    "2026-01-31 12:00:00.123456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.",
    "E0000 00:00:1795233168.701821    4611 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error",
]
NEWS = ["E0000 00:00:1795233168.701821 out of memory", "WARNING: something else", "0 % of 4 blocks"]


def test_chatter_is_dropped_and_all_else_is_let_through_in_order(capfd: pytest.CaptureFixture[str]) -> None:
    with without_chatter():
        for line in (NEWS[0], *CHATTER, *NEWS[1:]):
            os.write(2, f"{line}\n".encode())  # as C++ does
    assert capfd.readouterr().err == "".join(f"{line}\n" for line in NEWS)


def test_python_s_standard_error_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    with without_chatter():
        sys.stderr.write("from Python\n")
    sys.stderr.write("afterwards\n")
    sys.stderr.flush()
    assert capfd.readouterr().err == "from Python\nafterwards\n"


def test_what_was_written_before_an_exception_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with without_chatter():
            os.write(2, b"the reason\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert capfd.readouterr().err == "the reason\n"
