"""``python:package.module:callable``: any function that returns an ``nn.Module``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from samefeatures.base.errors import NetworkError, SamefeaturesError, did_you_mean, first_line
from samefeatures.base.options import check_known
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.settings import FIELDS
from samefeatures.networks.source import LoadOptions, Source
from samefeatures.networks.torch.source import Built, load_torch

NOT_HERE = ", of the script or notebook that runs; for the command line put it into a file"


def build_python(source: Source, options: LoadOptions) -> Built:
    """Call the function; its module is looked for in ``base`` and the current folder, too.

    ``python:__main__:function`` is one of the running script or notebook.

    The function may return the module alone, or with it a ``Preprocessing``. A module may also
    say how its input is made: by an attribute ``preprocessing`` (a ``Preprocessing`` or a mapping
    of its fields), or timm's ``pretrained_cfg`` or ``default_cfg``.

    Raises:
        NetworkError: when the function can't be imported, fails, or returns something else.
    """
    from torch import nn

    from samefeatures.networks.torch.loose_code import all_code
    from samefeatures.networks.torch.own_code import code_of

    with _importable(options.base or Path(), Path()):
        function = _find(source)
        try:
            made = function()
        except SamefeaturesError as error:  # of the preprocessing that it says
            raise NetworkError(f"{source.text}: {error}") from error
        except Exception as error:  # foreign code
            raise NetworkError(
                f"{source.text} failed with {first_line(error)}. Call it on its own to see where."
            ) from error
    model, said = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    if not isinstance(model, nn.Module):
        raise NetworkError(
            f"{source.text} returned {type(made).__name__}; it must return an nn.Module, or an "
            "nn.Module and a samefeatures.Preprocessing."
        )
    code = [*code_of(function), *all_code([function, type(model)])]
    # Classes of libraries are known by their versions, not by their files.
    if type(model).__module__.split(".", maxsplit=1)[0] not in source.kind.packages:
        code += code_of(type(model))
    files = sorted({each for each in code if isinstance(each, Path)})
    loose = [each for each in code if isinstance(each, bytes)]
    return Built(model, fields_said(model, said, source), code=(*files, *loose))


load_python = partial(load_torch, build_python)


@contextmanager
def _importable(*folders: Path) -> Iterator[None]:
    """Put folders in front of ``sys.path`` for a while."""
    before = list(sys.path)
    sys.path[:0] = [str(folder.resolve()) for folder in folders]
    try:
        yield
    finally:
        sys.path[:] = before


def _find(source: Source) -> Callable[[], Any]:
    module_name, colon, name = source.rest.partition(":")
    if not colon or not module_name or not name:
        raise NetworkError(f"'{source.text}' must be python:package.module:callable.")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if module_name.endswith(".py"):
            remedy = f"Leave out '.py': python:{module_name.removesuffix('.py')}:{name}"
        elif error.name is not None and module_name.split(".")[0] == error.name.split(".")[0]:
            remedy = "Run from the folder that holds it, or install it"
        else:
            remedy = f"It imports '{error.name}'; install that"
        raise NetworkError(
            f"{source.text}: the module '{error.name}' is not found. {remedy}."
        ) from None
    except Exception as error:  # foreign code
        raise NetworkError(
            f"{source.text}: importing '{module_name}' failed with {first_line(error)}."
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        what = "has no" if function is None else "can't call its"
        raise NetworkError(
            f"{source.text}: '{module_name}' {what} '{name}'. "
            f"{did_you_mean(name, [n for n in vars(module) if not n.startswith('_')])}"
            f"Name a function that returns an nn.Module{NOT_HERE * (module_name == '__main__')}."
        )
    found: Callable[[], Any] = function
    return found


def fields_said(model: Any, said: object, source: Source) -> Mapping[str, object]:
    """Fields of ``Preprocessing`` that the function or the module gives."""
    if said is None:
        said = getattr(model, "preprocessing", None)
    if isinstance(said, Preprocessing):
        return {field.name: getattr(said, field.name) for field in fields(said)}
    if isinstance(said, Mapping):
        what = f"{source.text}: its preprocessing has the unknown field"
        for key in said:
            check_known(str(key), FIELDS, what, NetworkError)
        return said
    if said is not None:
        raise NetworkError(
            f"{source.text}: its preprocessing is {type(said).__name__}; it must be a "
            "samefeatures.Preprocessing or a mapping of its fields."
        )
    config = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None) or {}
    if not isinstance(config, Mapping):
        return {}
    return {key: config[key] for key in FIELDS if config.get(key) is not None}
