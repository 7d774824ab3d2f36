"""A live ``nn.Module`` as a network: a copy of it is split, and itself stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import partial
from types import FunctionType, MethodType
from typing import NoReturn

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from samefeatures.base.errors import ConfigError, NetworkError, first_line
from samefeatures.base.strict import check_name
from samefeatures.images.input_values import REQUIRED
from samefeatures.networks.kinds import MODULE
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.settings import lacks_preprocessing
from samefeatures.networks.source import LoadOptions, Source
from samefeatures.networks.torch.loose_code import all_code, plain_values
from samefeatures.networks.torch.python import fields_said
from samefeatures.networks.torch.source import Built, load_torch

PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel)
REMEDY = "Give a function that builds it instead: python:package.module:function"


def live_source(thing: object, name: str | None) -> Source:
    """The source ``module:NAME`` of a module; by default named like its class.

    Raises:
        NetworkError: when it is no module that can be taken apart.
        ConfigError: when the name can't be part of a file name.
    """
    if not isinstance(thing, nn.Module):
        named = getattr(thing, "__name__", type(thing).__name__)
        built = isinstance(thing, type) and issubclass(thing, nn.Module)
        if isinstance(thing, Mapping):
            raise NetworkError(
                f"load() was given {named}, which may hold weights but no network. Load them into "
                "the module that they are of (load_state_dict), and give that."
            )
        raise NetworkError(
            f"load() was given the class {named}, not a module of it. Write {named}(...)."
            if built
            else f"load() was given {type(thing).__name__}; it takes a source string such as "
            "'timm:resnet18', or an nn.Module. What other libraries made is saved to a file first, "
            "and named by that."
        )
    name = type(_unwrapped(thing)).__name__ if name is None else name
    try:
        check_name(name, "the name")
    except ValueError as error:
        raise ConfigError(f"{error}. Give it another with name=….") from None
    return Source(f"module:{name}", MODULE, name, {})


def load_live(module: nn.Module, source: Source, options: LoadOptions) -> ImageNetwork:
    """Copy a module, split the copy, and prove the split.

    Raises:
        NetworkError: when it can't be copied or run, or nothing says how its input is made.
        SplitError: when it has no linear head.
    """
    return load_torch(partial(_build, module), source, options)


def refuse_text(source: Source, _: LoadOptions) -> NoReturn:
    """``module:NAME`` as a text, e.g. in a study file or on another machine.

    Raises:
        NetworkError: always.
    """
    raise NetworkError(
        f"{source.text} is a module of the process that made it, and can't be loaded by its name. "
        f"Load it from Python: samefeatures.load(module, ...). {REMEDY}."
    )


def _build(module: nn.Module, source: Source, options: LoadOptions) -> Built:
    model = _unwrapped(module)
    _check(model, source.text)
    found = {**_fields(model, source), **options.overrides}
    given = {key: found[key] for key in REQUIRED if found.get(key) is not None}
    if len(given) < len(REQUIRED):
        raise lacks_preprocessing(given, source=source.text, live=True)
    kinds = {str(p.dtype).removeprefix("torch.") for p in model.parameters()} - {"float32"}
    said = f"its weights are {', '.join(sorted(kinds))}; features are computed in float32"
    model = _copied(model, source.text)
    values = "".join(plain_values(_attributes(each)) for each in model.modules())
    return Built(
        model,
        _fields(model, source),
        code=(*all_code(_defining(model)), values.encode()),
        notes=(said,) if kinds else (),
    )


def _unwrapped(module: nn.Module) -> nn.Module:
    """Without what ``torch.compile`` and parallel training put around a module."""
    while True:
        if isinstance(module, PARALLEL):
            module = module.module
        elif isinstance(inner := getattr(module, "_orig_mod", None), nn.Module):
            module = inner
        else:
            return module


def _check(model: nn.Module, source: str) -> None:
    """Refuse what has no weights of its own to copy, or no layers to be seen."""
    if isinstance(model, torch.jit.ScriptModule):
        raise NetworkError(
            f"{source} is a TorchScript program, whose layers can't be seen. Give the module that "
            "it was made from."
        )
    if type(model).__name__ in ("FullyShardedDataParallel", "FSDPModule"):
        raise NetworkError(
            f"{source} is spread over several processes (FSDP). Gather its weights into a plain "
            "module, and give that."
        )
    for name, tensor in _tensors(model):
        if is_lazy(tensor):
            raise NetworkError(
                f"{source}: '{name}' is lazy and has no values yet. Run the module once first."
            )
        if tensor.is_meta:
            raise NetworkError(
                f"{source}: '{name}' is on the meta device and has no values. Load its weights "
                "first."
            )
        if tensor.is_complex():
            raise NetworkError(
                f"{source}: '{name}' is {tensor.dtype}; features are computed in float32. Use real "
                "weights."
            )


def _tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from model.named_parameters()
    yield from model.named_buffers()


def _fields(model: nn.Module, source: Source) -> dict[str, object]:
    """What the module says of its input.

    Timm's configuration is that of its own weights: of a model with other classes it is not taken.
    """
    config = getattr(model, "pretrained_cfg", None)
    classes = config.get("num_classes") if isinstance(config, dict) else None
    if classes != getattr(model, "num_classes", None) and not hasattr(model, "preprocessing"):
        return {}
    return dict(fields_said(model, None, source))


def _defining(model: nn.Module) -> Iterator[object]:
    """Classes, hooks and functions that say what a module does."""
    for module in model.modules():
        yield type(module)
        yield from module._forward_hooks.values()
        yield from module._forward_pre_hooks.values()
        kinds = (FunctionType, MethodType, partial)
        yield from (value for value in vars(module).values() if isinstance(value, kinds))


def _attributes(module: nn.Module) -> dict[str, object]:
    return {k: v for k, v in vars(module).items() if k != "training" and not k.startswith("_")}


def _copied(model: nn.Module, source: str) -> nn.Module:
    """A module of its own on the processor: with the same weights, without gradients and compilers.

    Raises:
        NetworkError: when it holds what can't be copied.
    """
    memo: dict[int, object] = {}
    for module in model.modules():
        kept = (*module._parameters.values(), *module._buffers.values(), *vars(module).values())
        for tensor in kept:
            if isinstance(tensor, Tensor):  # those that were computed can't be copied as they are
                fresh = tensor.detach().to("cpu", copy=True)
                is_parameter = isinstance(tensor, nn.Parameter)
                memo[id(tensor)] = (
                    nn.Parameter(fresh, requires_grad=False) if is_parameter else fresh
                )
    try:
        out = copy.deepcopy(model, memo)
    except Exception as error:  # a module may hold anything
        raise NetworkError(
            f"{source} can't be copied ({first_line(error)}), and features are computed with a "
            f"copy, so that yours stays as it is. {REMEDY}."
        ) from None
    for name, inner in list(out.named_modules()):
        if name and isinstance(bare := _unwrapped(inner), nn.Module) and bare is not inner:
            parent, _, last = name.rpartition(".")
            setattr(out.get_submodule(parent), last, bare)
    return out
