"""The networks of a study file: source strings, or mappings with more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import PrivateAttr, ValidationInfo, field_validator

from samefeatures.base.errors import ConfigError
from samefeatures.base.strict import Strict, no_text
from samefeatures.images.input_values import checked_channels, checked_size
from samefeatures.networks.record import Network


class NetworkConfig(Strict):
    """One network: where it loads from, its name, and overrides of its preprocessing.

    From Python it may be a network that was loaded; it is taken as it is.
    """

    load: str
    name: str | None = None
    input_size: tuple[int, int, int] | None = None
    crop_pct: float | None = None
    interpolation: str | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    crop_mode: str | None = None
    _loaded: Network | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, network: Network) -> Self:
        """The entry of a network that was loaded."""
        entry = cls(load=network.source, name=network.name)
        entry._loaded = network
        return entry

    @property
    def loaded(self) -> Network | None:
        """What was given in place of a source."""
        return self._loaded

    @field_validator("input_size", "mean", "std", mode="before")
    @classmethod
    def _three_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        try:
            if value is None or info.field_name == "input_size":
                return value if value is None else checked_size(value)
            return checked_channels(str(info.field_name), value)
        except ConfigError as error:
            raise ValueError(str(error)) from None

    @property
    def overrides(self) -> dict[str, object]:
        """The preprocessing fields that were given."""
        given = self.model_dump(exclude={"load", "name"}, exclude_none=True)
        return dict(given)


def network_entries(value: Any) -> list[Any]:
    """The entries under ``networks``; from Python networks that were loaded may be among them.

    Raises:
        ValueError: when it is something else.
    """
    if not isinstance(value, list) or len(value) < 1:
        raise ValueError("give a list of at least one source string, e.g. timm:resnet18")
    entries = [NetworkConfig.of(each) if isinstance(each, Network) else each for each in value]
    for entry in entries:
        if callable(getattr(entry, "state_dict", None)):
            raise ValueError("a module is loaded first: samefeatures.load(module, preprocessing=…)")
        if not isinstance(entry, str | Mapping | NetworkConfig):
            raise ValueError(no_text("a network", entry))
    return [{"load": entry} if isinstance(entry, str) else entry for entry in entries]
