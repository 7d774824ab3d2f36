"""The same module with weights as drawn before training (needs torch)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

OLD_NORMS: dict[type, Callable[..., nn.Module]] = {
    WeightNorm: nn.utils.remove_weight_norm,
    SpectralNorm: nn.utils.remove_spectral_norm,
}
LINEAR = (nn.Linear, nn.modules.conv._ConvNd)


@torch.no_grad()
def randomise_module(model: nn.Module, *, seed: int) -> nn.Module:
    """A copy of a module in which nothing is left of its training; as ``randomise_onnx``.

    - Weights of convolutions and linear layers are drawn from a normal distribution with mean 0
      and variance 2 / fan-in (He et al., 2015); their biases become 0.
    - One-dimensional scales of normalisations become 1, their shifts 0, running means 0 and running
      variances 1.
    - All other parameters (class tokens, position embeddings, layer scales) are shuffled.

    The generator is its own: the state of torch's is left alone.
    """
    out = copy.deepcopy(model)
    _take_off_old_norms(out)
    draw = torch.Generator().manual_seed(seed)
    done: set[int] = set()
    for module in out.modules():
        own = dict(module.named_parameters(recurse=False))
        statistics = getattr(module, "running_mean", None) is not None
        if isinstance(module, LINEAR):
            value = _he(module.weight, draw, module)
            if "weight" in own:
                _fill(own["weight"], value, done)
            else:
                _set_parametrized(module, value.to(module.weight), done)
            if own.get("bias") is not None:
                _fill(own["bias"], torch.zeros_like(own["bias"]), done)
        elif statistics or "norm" in type(module).__name__.lower():
            for name, parameter in own.items():
                constant = torch.ones_like if name == "weight" else torch.zeros_like
                _fill(parameter, constant(parameter), done)
        if statistics:
            module.running_mean.zero_()  # type: ignore[operator]
            module.running_var.fill_(1.0)  # type: ignore[operator]
    for parameter in out.parameters():
        if id(parameter) not in done:
            order = torch.randperm(parameter.numel(), generator=draw)
            flat = parameter.detach().cpu().reshape(-1)[order]
            _fill(parameter, flat.reshape(parameter.shape), done)
    return out


def _take_off_old_norms(model: nn.Module) -> None:
    """Weights that a hook computes of others, as weight norm had them, become weights again."""
    for module in model.modules():
        hooks: list[Any] = list(module._forward_pre_hooks.values())
        for hook in hooks:
            remove = OLD_NORMS.get(type(hook))
            if remove is not None:
                remove(module, hook.name)


def _set_parametrized(module: nn.Module, value: Tensor, done: set[int]) -> None:
    """What a weight is computed of, so that it becomes a value, where that can be.

    The parametrization stays: its class is shared with the module that was copied.
    """
    if not parametrize.is_parametrized(module, "weight"):
        return
    steps: nn.ModuleList = module.parametrizations["weight"]  # type: ignore[index,assignment]
    if all(hasattr(step, "right_inverse") for step in steps):
        module.weight = value
        done |= {id(parameter) for parameter in steps.parameters()}


def _he(weight: Tensor, draw: torch.Generator, module: nn.Module) -> Tensor:
    """(out, in / groups, …) normal numbers; a transposed convolution has (in, out / groups, …)."""
    turned = isinstance(module, nn.modules.conv._ConvTransposeNd)
    fan_in = math.prod(weight.shape[2:]) * weight.shape[0 if turned else 1]
    return torch.randn(weight.shape, generator=draw) * math.sqrt(2 / fan_in)


def _fill(parameter: Tensor, value: Tensor, done: set[int]) -> None:
    if id(parameter) not in done:  # shared parameters are drawn once
        parameter.copy_(value)
        done.add(id(parameter))
