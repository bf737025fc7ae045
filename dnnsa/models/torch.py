"""A network of PyTorch as the model: weights for a module of yours, or a program that says all about itself."""

import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from dnnsa.arrays import Array, OnHost, Values
from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.functions import check_call, function_files, load_function
from dnnsa.models.answers import outputs_of
from dnnsa.models.base import Network, NetworkSettings, Sizes, check_batch_size, no_layers, the_file, unknown_layer
from dnnsa.models.foreign import Channels, Device, as_cases, as_taken, in_portions
from dnnsa.settings import settings

SETTING = "model.path"
BUILD = "model.build"
OUTPUT = "model.output"


@settings
class Torch(NetworkSettings):
    """A network of one input: weights and a function that builds their module, a .pt2 file, or TorchScript."""

    kind: Literal["torch"] = "torch"
    path: str
    """The file, relative to the study file: weights (.pt, .pth) with `build`; else an exported program (.pt2) or
    TorchScript (.pt, .pth), with `trust: true`."""
    build: str | None = None
    """`module:function`, which returns the module that the weights are of; beside the study file, or installed."""
    trust: bool = False
    """Whether a program may be loaded: whoever made it can run anything on your machines."""
    output: str | None = None
    """Key or number of the network's output, if it gives a mapping or several."""
    channels: Channels = "last"
    """Where the network wants the channels of an image: `first` moves the last dimension of the cases there."""
    device: Device = "cpu"
    """`cuda` for a GPU."""

    def __post_init__(self) -> None:
        check_batch_size(self.batch_size)
        suffix = Path(self.path).suffix.lower()
        if suffix not in (".pt", ".pth", ".pt2"):
            raise ValueError(
                f"`path` must be a .pt, .pth or .pt2 file, got `{self.path}`: save weights with "
                "`torch.save(network.state_dict(), 'name.pt')`"
            )
        if self.build is None and not self.trust:
            raise ValueError(
                f"`path` names a program, `{self.path}`, and reading it can run what is in it: give `build` if it "
                "holds weights, or say `trust: true` if you know who made it"
            )
        if self.build is not None:
            check_call(self.build, "build")
            if suffix == ".pt2":
                raise ValueError(f"`build` is for weights, and `{self.path}` is a whole program: leave one of them out")

    def files(self, directory: Path) -> Mapping[str, Path]:
        path = the_file(SETTING, directory, self.path, "a .pt, .pth or .pt2 file")
        return {SETTING: path, **(function_files(BUILD, self.build, directory) if self.build else {})}

    def load(self, directory: Path, digests: Digests, layers: tuple[str, ...] = ()) -> Network:
        """Load the network, in the process that will call it, with one thread.

        Raises
        ------
        ModelError
            A file is not the one the study was started with, cannot be loaded, or is of a network in training, or of
            several inputs; or a layer is not there. When it is called: it does not take or give numbers by rows.
        """
        path = directory / self.path
        try:
            import torch
        except ImportError as error:
            raise ModelError(f"{SETTING}: {path} needs PyTorch: install dnnsa with its extra `torch`.") from error
        verify(SETTING, path, digests)
        if self.device == "cuda" and not torch.cuda.is_available():
            raise ModelError("model.device: PyTorch sees no GPU here: say `cpu`, or look for its build and the driver.")
        torch.set_num_threads(1)  # a study is parallel over its workers
        if not self.build:
            no_layers(SETTING, layers, self.kind)
        program = self._program(path, directory, digests)
        seen = _watched(program.call, layers)
        dtype = program.dtype
        work = "float64" if dtype == torch.float64 else "float32"  # of all but the network

        def answer(inputs: Array) -> tuple[Array, ...]:
            try:
                with torch.inference_mode(), _reproducibly(self.device):
                    found = program.call(torch.from_numpy(np.array(inputs)).to(self.device, dtype))
            except Exception as error:  # the network's own
                told = " ".join(str(error).split())[:300]
                raise ModelError(
                    f"{SETTING}: inputs of shape {inputs.shape} cannot go through it ({type(error).__name__}: {told})."
                ) from error
            outputs = [_chosen(found, self.output), *(seen[layer] for layer in layers)]
            named = zip((path.name, *layers), outputs, strict=True)
            return tuple(outputs_of(OUTPUT, f"`{one}`", _numpy(array), len(inputs), work) for one, array in named)

        def predict(inputs: Array, values: Values) -> tuple[Array, ...]:
            return in_portions(answer, as_taken(inputs, self.channels), program.batch)

        return Network(OnHost(predict), program.input_shape and as_cases(program.input_shape, self.channels), work)

    def _program(self, path: Path, directory: Path, digests: Digests) -> "_Program":
        if self.build:
            return _built(path, load_function(BUILD, self.build, directory, digests), self.build, self.device)
        if path.suffix.lower() == ".pt2":
            return _exported(path, self.device)
        return _scripted(path, self.device)


class _Program(NamedTuple):
    """A network that has been loaded."""

    call: Callable[[Any], Any]
    dtype: Any
    """Of its input."""
    input_shape: Sizes | None = None
    batch: int | None = None
    """The one number of rows that it takes; None for any."""


def _built(path: Path, build: Callable[[], Any], name: str, device: Device) -> _Program:
    """A module, with weights from a file that can hold nothing else."""
    import torch

    module = build()
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"{BUILD}: `{name}` gives {type(module).__name__}, which is no `torch.nn.Module`.")
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        module.load_state_dict(weights)
    except Exception as error:  # PyTorch raises whatever the file makes it raise
        told = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{SETTING}: {path} holds no weights of what `{name}` builds ({type(error).__name__}: {told}): save them "
            "with `torch.save(network.state_dict(), 'name.pt')`."
        ) from error
    return _Program(module.to(device).eval(), _dtype(module))


def _scripted(path: Path, device: Device) -> _Program:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is: it is read as long as it can be
            module = torch.jit.load(path, map_location=device)
    except Exception as error:
        raise _damaged(path, error, "TorchScript: give `build` if it holds weights, or") from error
    return _Program(module.eval(), _dtype(module))


def _exported(path: Path, device: Device) -> _Program:
    import torch
    from torch.export.passes import move_to_device_pass

    try:
        program = move_to_device_pass(torch.export.load(path), device)
    except Exception as error:
        raise _damaged(path, error, "program of `torch.export.save`:") from error
    names = program.graph_signature.user_inputs
    if len(names) != 1:
        raise ModelError(f"{SETTING}: {path} has {len(names)} inputs: dnnsa takes networks of one.")
    for node in program.graph.nodes:
        if _trains(node):
            raise ModelError(
                f"{SETTING}: {path} was exported in training ({node.name}): call `network.eval()` and export it again."
            )
    (given,) = (node.meta["val"] for node in program.graph.nodes if node.name == names[0])
    if not given.is_floating_point():
        raise ModelError(f"{SETTING}: the input of {path} is of {given.dtype}: dnnsa gives real numbers.")
    batch, *shape = (size if isinstance(size, int) else None for size in given.shape)
    return _Program(program.module(), given.dtype, tuple(shape), batch)


def _trains(node: Any) -> bool:
    """Whether an operation is one of training: it drops units, or takes a batch's own mean."""
    schema = getattr(node.target, "_schema", None)
    named = dict(zip((one.name for one in schema.arguments), node.args, strict=False)) if schema else {}
    named |= node.kwargs
    return any(named.get(name) is True for name in ("train", "training")) or bool(named.get("dropout_p"))


def _dtype(module: Any) -> Any:
    """Of the first weights that are real numbers."""
    import torch

    return next((one.dtype for one in module.parameters() if one.is_floating_point()), torch.float32)


def _watched(module: Any, layers: tuple[str, ...]) -> dict[str, Any]:
    """What layers have given last, which is written there whenever the network is called."""
    seen: dict[str, Any] = {}
    known = dict(module.named_modules()) if layers else {}
    for layer in layers:
        if layer not in known:
            raise unknown_layer(layer, [name for name in known if name])
        known[layer].register_forward_hook(lambda _module, _inputs, found, layer=layer: seen.update({layer: found}))
    return seen


def _reproducibly(device: Device) -> AbstractContextManager[Any]:
    """The same bits each time, of all digits, on a GPU too."""
    import torch

    if device == "cpu":
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)  # type: ignore[no-any-return]


def _chosen(found: Any, output: str | None) -> Any:
    """The one output, of what a network gives."""
    several = dict(found) if isinstance(found, Mapping) else None
    if isinstance(found, tuple | list):
        several = {str(number): one for number, one in enumerate(found)}
    if output is None and several is None:
        return found
    if several is None or output not in several:
        listed = ", ".join(f"`{one}`" for one in several or ())
        told = f"name one of {listed}" if several else "leave `output` out"
        raise ModelError(f"{OUTPUT}: the network gives {type(found).__name__}, and `output` is {output!r}: {told}.")
    return several[output]


def _numpy(found: Any) -> Any:
    import torch

    if not isinstance(found, torch.Tensor):
        return found
    return (found.float() if found.dtype == torch.bfloat16 else found).cpu().numpy()  # NumPy has no bfloat16


def _damaged(path: Path, error: Exception, what: str) -> ModelError:
    told = " ".join(str(error).split())[:200]
    return ModelError(f"{SETTING}: {path} is no {what} save it again ({type(error).__name__}: {told}).")
