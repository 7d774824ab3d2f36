"""Import Keras 3 with a backend that is there, and put it on a device."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.documents import read_json
from samefeatures.base.errors import (
    ConfigError,
    FileError,
    MissingExtraError,
    NetworkError,
    NoFileError,
    first_line,
    require,
)
from samefeatures.networks.tensorflow.setup import (
    count_tensorflow_gpus,
    quiet_tensorflow,
    start_tensorflow,
    tensorflow_full_float32,
)

BACKENDS = ("torch", "jax", "tensorflow")
VARIABLE = "KERAS_BACKEND"


def import_keras(*, purpose: str) -> ModuleType:
    """Keras 3 on the backend of this process, else on one that is installed.

    A Keras that is imported already is taken as it is. Otherwise Keras chooses its backend when it
    is imported: by the environment variable ``KERAS_BACKEND``, else by its ``keras.json`` (which
    its first import writes, with TensorFlow in it), else TensorFlow. Only where the variable is
    not set and the backend so chosen is not installed, the first of torch, jax and TensorFlow
    that is installed stands in: the variable is set during the import, and taken away again.

    Args:
        purpose: What needs Keras, for messages.

    Raises:
        MissingExtraError: when Keras or every backend is missing.
        NetworkError: when the Keras that is installed is older than 3.
    """
    name = _missing_backend() if "keras" not in sys.modules else None
    try:
        with quiet_tensorflow(), _variable(name):
            keras = require("keras", extra="keras", purpose=purpose)
            if keras.backend.backend() == "tensorflow":
                start_tensorflow()
    except MissingExtraError as error:
        raise MissingExtraError(
            f"{error} Keras also needs a backend of your choice: torch, jax or tensorflow."
        ) from None
    except ImportError as error:  # a backend that is installed but broken, or unknown
        raise NetworkError(f"Keras can't be imported ({first_line(error)}).") from None
    if int(keras.__version__.split(".")[0]) < 3:
        raise NetworkError(
            f"{purpose} needs Keras 3, but keras {keras.__version__} is installed. Install it "
            "with: pip install 'samefeatures[keras]'"
        )
    return keras


def _missing_backend() -> str | None:
    """The backend to use instead of the one that Keras would choose; None leaves it its choice."""
    said = os.environ.get(VARIABLE)
    chosen = said or _configured() or "tensorflow"
    if chosen not in BACKENDS or importlib.util.find_spec(chosen):
        return None
    there = [name for name in BACKENDS if importlib.util.find_spec(name)]
    if said:
        raise MissingExtraError(
            f"{VARIABLE} is '{said}', which is not installed. Install it, or set {VARIABLE} to one "
            f"that is: {', '.join(there) or 'none of torch, jax, tensorflow'}."
        )
    if not there:
        raise MissingExtraError(
            "Keras needs a backend, and none is installed. Install one of your choice, e.g. with: "
            "pip install 'samefeatures[torch]' (or jax, or tensorflow)"
        )
    return there[0]


def _configured() -> str | None:
    """The backend in the user's ``keras.json``, if there is one.

    Raises:
        ConfigError: when it can't be read.
    """
    path = Path(os.environ.get("KERAS_HOME") or Path("~/.keras").expanduser()) / "keras.json"
    try:
        config = read_json(path)
    except NoFileError:
        return None
    except FileError as error:
        raise ConfigError(
            f"{path}, where Keras has its settings, can't be read: {error}. Mend it or remove it."
        ) from None
    backend = config.get("backend") if isinstance(config, dict) else None
    return backend if isinstance(backend, str) else None


@contextmanager
def _variable(name: str | None) -> Iterator[None]:
    if name is None:
        yield
        return
    before = os.environ.get(VARIABLE)  # an empty one counts as unset
    os.environ[VARIABLE] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def count_gpus(keras: Any) -> int:
    """GPUs that Keras's backend finds."""
    backend = keras.backend.backend()
    if backend == "torch":
        from samefeatures.networks.torch import device

        return device.count_gpus()
    if backend == "jax":
        import jax

        try:
            return len(jax.devices("gpu"))
        except RuntimeError:
            return 0
    return count_tensorflow_gpus()


@contextmanager
def on_device(keras: Any, device: str, *, threads: int | None) -> Iterator[None]:
    """Keras's device scope, in full float32; what is set for it is put back afterwards.

    ``threads`` holds where the backend is torch; the others have no setting of that kind for a
    while.
    """
    backend = keras.backend.backend()
    kind, _, index = device.partition(":")
    scope = f"gpu:{index or 0}" if kind == "cuda" else "cpu:0"
    if backend == "torch" and kind == "cpu":
        scope = "cpu"  # for torch 'cpu:0' is another device, onto which Keras can't move integers
    quiet = _torch(threads) if backend == "torch" else nullcontext()
    exact = nullcontext() if kind == "cpu" else _full_float32(backend)
    with keras.device(scope), quiet, exact:
        yield


@contextmanager
def _torch(threads: int | None) -> Iterator[None]:
    import torch

    from samefeatures.networks.torch.device import torch_threads

    with torch.no_grad(), torch_threads(threads):
        yield


def _full_float32(backend: str) -> AbstractContextManager[Any]:
    """On a GPU TF32 would cost float32 its precision."""
    if backend == "torch":
        from samefeatures.networks.torch.device import full_float32

        return full_float32("cuda")
    if backend == "jax":
        import jax

        exact: AbstractContextManager[Any] = jax.default_matmul_precision("highest")
        return exact
    return tensorflow_full_float32()


def to_numpy(keras: Any, value: Any) -> npt.NDArray[Any]:
    """A tensor or variable of Keras as an array of the same shape, (…)."""
    tensor = keras.ops.convert_to_tensor(value)
    if keras.backend.backend() == "torch":  # Keras's own way makes NumPy 2 warn
        out: npt.NDArray[Any] = tensor.detach().cpu().numpy()
        return out
    return np.asarray(keras.ops.convert_to_numpy(tensor))
