"""The names of ``slim:``, and what each is built of."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Definition:
    """A network of TF-Slim.

    Attributes:
        name: TF-Slim's name of it.
        scope: Scope of all its variables.
        head: Scope of its last layer, below ``scope``.
        dim: Length of its feature vector.
        size: Side of the input that it was published for.
        builder: ``module:function`` in this package that makes everything before the pooling.
        arguments: Of that function.
    """

    name: str
    scope: str
    head: str
    dim: int
    size: int
    builder: str
    arguments: tuple[float, ...] = ()

    def build(self) -> nn.Sequential:
        """(b, 3, h, w) to (b, dim, h / 32, w / 32); imports torch."""
        function: Callable[..., nn.Sequential] = pkgutil.resolve_name(
            f"{__package__}.{self.builder}"
        )
        return function(*self.arguments)


def _definitions() -> Iterator[Definition]:
    for version, layer in ((1, "Conv2d_0c_1x1"), (2, "Conv2d_1c_1x1")):
        name = f"inception_v{version}"
        head, builder = f"Logits/{layer}", f"inception:{name}"
        yield Definition(name, f"InceptionV{version}", head, 1024, 224, builder)
    for version, size in ((1, 224), (2, 299)):
        for layers in (50, 101, 152, 200):
            name = f"resnet_v{version}_{layers}"
            yield Definition(name, name, "logits", 2048, size, "resnet:resnet", (version, layers))
    for percent, dim in ((35, 1280), (50, 1280), (75, 1280), (100, 1280), (130, 1664), (140, 1792)):
        name, head, width = f"mobilenet_v2_{percent:03}", "Logits/Conv2d_1c_1x1", (percent / 100,)
        yield Definition(name, "MobilenetV2", head, dim, 224, "mobilenet:mobilenet_v2", width)


DEFINITIONS: Mapping[str, Definition] = {entry.name: entry for entry in _definitions()}
"""By name."""
