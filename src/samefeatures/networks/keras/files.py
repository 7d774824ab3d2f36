"""Keras models and weights from files, without running any code of the file."""

from __future__ import annotations

import itertools
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py

from samefeatures.base.border import border
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import CheckpointError, FileError, NetworkError, first_line
from samefeatures.networks.keras.hdf5 import check_hdf5
from samefeatures.networks.kinds import KERAS_FILES
from samefeatures.networks.misfits import Shapes, differences, misfit, unreadable

CODE = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")
"""Layers that bring code of their own; older versions of Keras load them."""


def read_model(keras: ModuleType, path: Path, *, source: str) -> Any:
    """A whole model from a ``.keras`` or ``.h5`` file.

    Raises:
        CheckpointError: when the file is missing or damaged, or holds code.
        NetworkError: when Keras can't build the model.
    """
    if not path.is_file():
        raise unreadable(path, "Keras file", FileNotFoundError())
    if path.name.endswith(".weights.h5"):
        raise _weights_only(path)
    if path.suffix not in KERAS_FILES:
        raise CheckpointError(
            f"{path} is no Keras file by its name; whole models end in .keras or .h5. For a "
            "SavedModel use savedmodel:PATH."
        )
    with _reading(path):
        check_hdf5(path)
        config = _config_of_zip(path) if path.suffix == ".keras" else _config_of_h5(path)
        code = next(_code_in(config), None)
    if config is None:
        raise _weights_only(path)
    if code:
        raise CheckpointError(
            f"{path} holds a {code} layer: its code would be run from the file, which is never "
            f"done. Build the model in Python where you trust it, without the {code}, and save it "
            "again; or export it with model.export(PATH) and load savedmodel:PATH."
        )
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (OSError, EOFError) as error:
        raise unreadable(path, "Keras file", error) from None
    except Exception as error:  # whatever Keras or a layer says
        raise NetworkError(
            f"Keras {keras.__version__} can't build {source} ({first_line(error)}). Layers of your "
            "own are not known here: export it with model.export(PATH) and load savedmodel:PATH."
        ) from None


def load_weights(model: Any, path: Path, *, source: str) -> None:
    """Put the weights of a ``.weights.h5`` or legacy ``.h5`` file into a model; all must fit.

    Legacy files (Keras 1 and 2, and the ImageNet weights of Keras's applications) are matched by
    the order of layers, others by the structure of the model, as Keras does it.

    Raises:
        CheckpointError: naming the first five tensors that do not fit, and their number.
    """
    if path.suffix not in (".h5", ".hdf5"):
        raise CheckpointError(
            f"{path} is no file of Keras weights by its name; they end in .weights.h5 or .h5. A "
            f"whole model is loaded by keras:{path}"
        )
    if not path.is_file():
        raise unreadable(path, "Keras file", FileNotFoundError())
    with _reading(path):
        check_hdf5(path)
        legacy = _is_legacy(path)
    if legacy == path.name.endswith(".weights.h5"):
        end, other = (".h5", "older") if legacy else (".weights.h5", "newer")
        raise CheckpointError(
            f"{path} is of the {other} format that Keras reads from names in {end} alone. Rename "
            "it."
        )
    try:
        model.load_weights(path)
        own, there = ({}, {}) if legacy else (_expected(model), _stored(path))
        # Keras says nothing of weights that it has no place for.
        problems = differences({}, {name: there[name] for name in there if name not in own})
    except OSError as error:
        raise unreadable(path, "Keras file", error) from None
    except Exception as error:  # ValueError mostly, but each backend has its own
        with _reading(path):
            ours, theirs = (
                (_legacy_expected(model), _legacy_stored(path))
                if legacy
                else (_expected(model), _stored(path))
            )
        problems = differences(ours, theirs) or [first_line(error)]
    if problems:
        remedy = "Name the application and the options that it was saved from (alpha, classes)."
        raise misfit(problems, path, source=source, remedy=remedy)


def _expected(model: Any) -> Shapes:
    """What the model's own ``.weights.h5`` would hold."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.weights.h5"
        model.save_weights(path)
        return _stored(path)


def _stored(path: Path) -> Shapes:
    """Path and shape of every weight in a ``.weights.h5``; optimizer and seeds are left out."""
    found: dict[str, tuple[int, ...]] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and not (
            name.startswith("optimizer/") or "seed_generator/" in name
        ):
            found[name] = tuple(item.shape)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def _legacy_expected(model: Any) -> Shapes:
    """Layer, number and shape of every weight of a model."""
    return {
        f"{layer.name}[{i}]": tuple(variable.shape)
        for layer in model.layers
        for i, variable in enumerate(layer.trainable_weights + layer.non_trainable_weights)
    }


def _legacy_stored(path: Path) -> Shapes:
    """Layer, number and shape of every weight in a legacy file."""
    found: dict[str, tuple[int, ...]] = {}
    with h5py.File(path, "r") as file:
        group = file.get("model_weights", file)
        for layer in _names(group, "layer_names"):
            for i, weight in enumerate(_names(group[layer], "weight_names")):
                found[f"{layer}[{i}]"] = tuple(group[layer][weight].shape)
    return found


def _names(group: Any, key: str) -> list[str]:
    """A list of names among a group's attributes; long ones are cut into numbered pieces."""
    numbered = (f"{key}{i}" for i in itertools.count())
    pieces = [key] if key in group.attrs else []
    pieces += itertools.takewhile(group.attrs.__contains__, numbered)
    return [
        name.decode() if isinstance(name, bytes) else str(name)
        for piece in pieces
        for name in group.attrs[piece]
    ]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Whatever is raised inside says that the file is damaged."""
    try:
        with border():
            yield
    except FileError as error:
        raise unreadable(path, "Keras file", error) from None


def _is_legacy(path: Path) -> bool:
    with h5py.File(path, "r") as file:
        return "model_weights" in file or bool(_names(file, "layer_names"))


def _config_of_zip(path: Path) -> object:
    """``config.json`` of a ``.keras`` file."""
    with zipfile.ZipFile(path) as archive:
        return parse_json(archive.read("config.json"), finite=False)


def _config_of_h5(path: Path) -> object:
    """The model's configuration in a legacy ``.h5`` file; None where it holds weights alone."""
    with h5py.File(path, "r") as file:
        config = file.attrs.get("model_config")
        return None if config is None else parse_json(config, finite=False)


def _code_in(config: object) -> Iterator[str]:
    """Layers of ``CODE`` that a configuration names."""
    if isinstance(config, Mapping):
        if config.get("class_name") in CODE:
            yield str(config["class_name"])
        config = list(config.values())
    if isinstance(config, list):
        yield from itertools.chain.from_iterable(map(_code_in, config))


def _weights_only(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path} holds weights, but no model. Name the application that they are of: "
        f"keras:NAME?weights={path}"
    )
