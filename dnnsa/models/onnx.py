"""A network in ONNX as the model, run by ONNX Runtime: the format that every framework can write."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from dnnsa.arrays import Array, OnHost, Values
from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify
from dnnsa.models.answers import outputs_of
from dnnsa.models.base import Network, NetworkSettings, check_batch_size, the_file
from dnnsa.models.foreign import Channels, Device, as_cases, as_taken, in_portions
from dnnsa.settings import settings

SETTING = "model.path"
DATA = "model.path.data"  # weights that stand in a file of their own
_TYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16"}


@settings
class Onnx(NetworkSettings):
    """A network of one input in an .onnx file, whatever framework wrote it."""

    kind: Literal["onnx"] = "onnx"
    path: str
    """The .onnx file, relative to the study file; weights beside it in `NAME.onnx.data` belong to it."""
    output: str | None = None
    """Name of the network's output, if it has several."""
    channels: Channels = "last"
    """Where the network wants the channels of an image: `first` moves the last dimension of the cases there."""
    device: Device = "cpu"
    """`cuda` for a GPU, with the package `onnxruntime-gpu`."""

    def __post_init__(self) -> None:
        check_batch_size(self.batch_size)
        if Path(self.path).suffix.lower() != ".onnx":
            raise ValueError(
                f"`path` must be an .onnx file, got `{self.path}`: export the network from where it was trained, such "
                "as with `model.export('name.onnx', format='onnx')` of Keras or `torch.onnx.export` of PyTorch"
            )

    def files(self, directory: Path) -> Mapping[str, Path]:
        path = the_file(SETTING, directory, self.path, "an .onnx file")
        return {SETTING: path} | ({DATA: _data(path)} if _data(path).is_file() else {})

    def load(self, directory: Path, digests: Digests, layers: tuple[str, ...] = ()) -> Network:
        """Load the network, in the process that will call it.

        Raises
        ------
        ModelError
            A file is not the one the study was started with, ONNX Runtime does not take it, or it has several inputs,
            or no such output or value inside. When it is called: it does not take or give numbers by rows.
        """
        path = directory / self.path
        files = {SETTING: path} | ({DATA: _data(path)} if DATA in digests else {})
        for setting, file in files.items():
            verify(setting, file, digests)
        session = _session(files, (), self.device)
        (name, shape, dtype), output = _input(path, session), _output(path, session, self.output)
        if inner := set(layers) - {one.name for one in session.get_outputs()}:
            session = _session(files, sorted(inner), self.device)
        work = "float64" if dtype == "float64" else "float32"  # of all but the network
        asked = (output, *layers)

        def answer(inputs: Array) -> tuple[Array, ...]:
            try:
                found = session.run(list(asked), {name: inputs.astype(dtype)})
            except Exception as error:  # ONNX Runtime has many
                told = " ".join(str(error).split())[:300]
                raise ModelError(f"{SETTING}: inputs of shape {inputs.shape} cannot go through it: {told}") from error
            named = zip(asked, found, strict=True)
            return tuple(outputs_of("model.output", f"`{one}`", array, len(inputs), work) for one, array in named)

        def predict(inputs: Array, values: Values) -> tuple[Array, ...]:
            return in_portions(answer, as_taken(inputs, self.channels), shape[0] if shape else None)

        return Network(OnHost(predict), as_cases(shape[1:], self.channels) if shape else None, work)


def _data(path: Path) -> Path:
    return path.with_name(f"{path.name}.data")


def _session(files: Mapping[str, Path], layers: Sequence[str], device: Device) -> Any:
    """The network in ONNX Runtime, with one thread, made of the bytes of these files and of no others."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError(
            f"{SETTING}: {files[SETTING]} needs ONNX Runtime: install dnnsa with its extra `onnx`."
        ) from error
    if device == "cuda" and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise ModelError("model.device: this ONNX Runtime has no `cuda`: install `onnxruntime-gpu` in its place.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a study is parallel over its workers
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # what is fatal is raised too
    held = [path.read_bytes() for setting, path in files.items() if setting == DATA]
    if held:
        options.add_external_initializers_from_files_in_memory([files[DATA].name], held, [len(held[0])])
    reproducible = {"use_tf32": "0", "cudnn_conv_algo_search": "DEFAULT"}
    providers = ["CPUExecutionProvider"] if device == "cpu" else [("CUDAExecutionProvider", reproducible)]
    content = files[SETTING].read_bytes() + b"".join(map(_shown, layers))
    with tempfile.TemporaryDirectory() as nothing:  # else a file in the working directory would be read unchecked
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", nothing)
        try:
            session = onnxruntime.InferenceSession(content, options, providers=providers)
        except Exception as error:
            raise _refused(files[SETTING], layers, error) from error
    if device == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise ModelError("model.device: ONNX Runtime cannot use `cuda` here: look for a GPU and the CUDA it needs.")
    return session


def _shown(value: str) -> bytes:
    """What makes a value inside of a network one of its outputs, appended to the file: protobuf joins what repeats."""
    content = value.encode()
    for field in (1, 12, 7):  # ValueInfoProto.name, GraphProto.output, ModelProto.graph
        content = bytes([field << 3 | 2]) + _varint(len(content)) + content
    return content


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number % 128 | 128]) + _varint(number // 128)


def _refused(path: Path, layers: Sequence[str], error: Exception) -> ModelError:
    told = " ".join(str(error).split())
    for layer in layers:
        if f"Graph output ({layer}) does not exist" in told:
            return ModelError(
                f"quantities: {path} has no value `{layer}` inside: name an output of one of its nodes, as Netron or "
                "`onnx.load` show them."
            )
    if "xternal data" in told or "xternal tensors" in told:
        return ModelError(
            f"{SETTING}: {path} keeps weights in another file than {path.name}.data beside it: save it again with "
            f"them inside, or all of them in that one file ({told[:200]})."
        )
    return ModelError(f"{SETTING}: ONNX Runtime does not take {path}: {told[:300]}: export it again.")


def _input(path: Path, session: Any) -> tuple[str, tuple[int | None, ...], str]:
    """Name, shape with that of the batch (empty where the file does not say), and dtype of the one input."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        listed = ", ".join(f"`{one.name}`" for one in inputs)
        raise ModelError(f"{SETTING}: {path} has {len(inputs)} inputs, {listed}: dnnsa takes networks of one.")
    (one,) = inputs
    if one.type not in _TYPES:
        raise ModelError(f"{SETTING}: the input `{one.name}` of {path} is a {one.type}: dnnsa gives real numbers.")
    return one.name, tuple(size if isinstance(size, int) else None for size in one.shape), _TYPES[one.type]


def _output(path: Path, session: Any, asked: str | None) -> str:
    names = [one.name for one in session.get_outputs()]
    if asked in names or (asked is None and len(names) == 1):
        return asked or str(names[0])
    listed = ", ".join(f"`{one}`" for one in names)
    told = f"has {len(names)} outputs" if asked is None else f"has no output `{asked}`"
    raise ModelError(f"model.output: {path} {told}: name one of {listed}.")
