"""Networks without a head: sources of maps, and what a study with them can't have."""

from __future__ import annotations

from collections.abc import Mapping

from samefeatures.base.errors import ConfigError
from samefeatures.maps import METHODS
from samefeatures.networks.record import FeatureFile, Network
from samefeatures.study.config import StudyConfig

HOW = "head_weight and head_bias"


def check_heads(config: StudyConfig, networks: Mapping[str, Network]) -> None:
    """Refuse what asks every network for its answers, where one has no head or nothing has labels.

    Raises:
        ConfigError: naming key and network.
    """
    asking = [key for key in ("controls", "tasks") if getattr(config, key)]
    without = _without(networks)
    if asking and without:
        raise ConfigError(
            f"{asking[0]}: they ask every network for its answers, and {without[0]} has no head. "
            f"Give its {HOW}, or leave '{asking[0]}' out."
        )
    files = [net for net in networks.values() if isinstance(net, FeatureFile)]
    unlabelled = len(files) == len(networks) and all(net.eval_labels is None for net in files)
    if asking and unlabelled:
        raise ConfigError(
            f"{asking[0]}: they count right answers, and no file has eval_labels. Give them in one "
            f"of the files, or leave '{asking[0]}' out."
        )
    if config.class_names is not None and len(without) == len(networks):
        raise ConfigError("class_names: no network of this study has classes. Leave them out.")


def possible(
    config: StudyConfig, networks: Mapping[str, Network]
) -> tuple[StudyConfig, tuple[str, ...]]:
    """The study without methods that its networks can't have, and what was left out.

    Raises:
        ConfigError: when none is left.
    """
    without = _without(networks)
    kept = [e for e in config.methods if not without or METHODS.get(e.name).uses != "heads"]
    gone = [entry.label for entry in config.methods if entry not in kept]
    if not kept:
        raise ConfigError(
            f"methods: {', '.join(gone)} is made of heads, and {without[0]} has none. Name another "
            f"method, or give its {HOW}."
        )
    said = []
    if gone:
        said.append(
            f"{', '.join(gone)} is left out: it is made of heads, and {', '.join(without)} "
            f"{'has' if len(without) == 1 else 'have'} none."
        )
    return config.model_copy(update={"methods": tuple(kept)}), tuple(said)


def _without(networks: Mapping[str, Network]) -> list[str]:
    return [name for name, network in networks.items() if network.head is None]
