"""What a process tells of itself: backend, version and devices."""

import re
import sys
from types import SimpleNamespace

import pytest

from dnnsa.engine import machine


@pytest.fixture(autouse=True)
def anew():
    machine._with_devices.cache_clear()
    yield
    machine._with_devices.cache_clear()


def running(monkeypatch, name):
    keras = SimpleNamespace(backend=SimpleNamespace(backend=lambda: name))
    monkeypatch.setitem(sys.modules, "keras", keras)


@pytest.mark.parametrize("name", ["tensorflow", "jax", "torch"])
def test_a_backend_is_told_with_its_version_and_devices(monkeypatch, name):
    pytest.importorskip(name)
    running(monkeypatch, name)
    assert re.fullmatch(rf"{name} \d+\.\S+ on \S.*", machine.backend())


def test_alike_devices_are_told_once(monkeypatch):
    pytest.importorskip("jax")
    running(monkeypatch, "jax")
    monkeypatch.setitem(machine._DEVICES, "jax", lambda: ["NVIDIA H100", "NVIDIA H100"])
    assert machine.backend().endswith(" on NVIDIA H100")


def test_what_has_loaded_no_keras_has_no_backend(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    assert machine.backend() == ""


def test_keras_that_a_later_study_loads_is_told(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    assert machine.backend() == ""
    running(monkeypatch, "plaidml")
    assert machine.backend() == "plaidml"
