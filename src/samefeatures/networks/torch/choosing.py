"""Which of the weights in a file are those of a network, and under what prefix (needs torch)."""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from samefeatures.base.errors import CheckpointError
from samefeatures.networks.torch.checkpoints import Weights
from samefeatures.networks.torch.source import WISHES

WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""Put into names, at any place, by DataParallel, ``torch.compile``, FSDP and checkpointing."""
OUTER = ("model", "net", "network", "encoder", "backbone", "timm_model")
"""Taken off where all names begin with one, and hardly a name is the model's own."""
USUAL = ("", "state_dict", "model", "model_state_dict", "net", "network", "weights", "params")
"""Where a file has its weights, the usual first."""
AVERAGED = re.compile(r"(?<![a-z])(ema|teacher|swa|avg|averaged?)(?![a-z])", re.IGNORECASE)
"""In keys and prefixes of weights that are a running average of the trained ones."""
KNOWN = 0.1
"""Below this share of names that are the model's, a file has names of another library."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Weights of a network out of a file.

    Attributes:
        weights: By the network's names, as far as the file has these.
        said: What was done, by what it was done to; for people.
    """

    weights: Weights
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A state dict under a key of the file, and what is taken off its names.

    Attributes:
        key: Where it stands.
        weights: As they are in the file.
        words: Wrappers' words that are taken out of names.
        wrapped: Whether all of the network's names begin with such a word.
        prefix: What is cut off after that.
        fits: How many names are then the model's.
    """

    key: str
    weights: Weights
    words: tuple[str, ...]
    wrapped: bool
    prefix: str = ""
    fits: int = 0

    @property
    def averaged(self) -> bool:
        return bool(AVERAGED.search(f"{self.key}.{self.prefix}"))

    @property
    def where(self) -> str:
        return " under ".join(filter(None, [self.prefix, self.key])) or "the file itself"

    def rename(self, name: str) -> str | None:
        """The network's name of a tensor, or of a module with a dot behind; None beside it."""
        parts = name.split(".")
        if self.wrapped and parts[0] not in self.words:
            return None
        bare = ".".join(part for part in parts if part not in self.words)
        return bare[len(self.prefix) :] if bare.startswith(self.prefix) else None

    def under(self) -> Weights:
        """The weights by the network's names."""
        return renamed(self.weights, self.rename)


def choose(
    states: Mapping[str, Weights], model: nn.Module, *, wish: str | None, path: Path
) -> Chosen:
    """The weights whose names are the model's, once prefixes are taken off.

    Where a running average lies beside the raw weights, it is taken, as timm does.

    Args:
        states: The state dicts of a file, by where they stand.
        model: The network.
        wish: ``ema`` or ``raw``; None for ``ema`` where there is one.
        path: For messages.

    Raises:
        CheckpointError: when there is nothing of that wish, or several of it.
    """
    found = list(_candidates(states, list(model.state_dict())))
    most = max(each.fits for each in found)
    found = [each for each in found if 2 * each.fits >= most]
    averaged = [each for each in found if each.averaged]
    raw = [each for each in found if not each.averaged]
    ours, others = (averaged, raw) if wish == "ema" or (averaged and not wish) else (raw, averaged)
    if not ours:
        what = "weights but a running average" if wish == "raw" else "running average (EMA)"
        raise CheckpointError(
            f"{path} holds no {what}, only {_listed(found)}. Leave out 'weights={wish}'."
        )
    one = _the_one(ours, path)
    said = {}
    if one.key or others:
        kind = ", a running average (EMA)" if ours is averaged else ""
        rest = f"; ?weights={WISHES[ours is averaged]} takes {others[0].where}" if others else ""
        said["weights"] = f"{one.where if others else one.key}{kind}{rest}"
    if one.words or one.prefix:
        off = [*(f"{word}." for word in one.words), *filter(None, [one.prefix])]
        said["prefix"] = f"{', '.join(off)} taken off the names"
    beside = [name for name in one.weights if one.rename(name) is None]
    if beside:
        said["beside"] = f"{counted(beside)} beside the network, left out: {first_names(beside)}"
    return Chosen(one.under(), said)


def renamed(weights: Weights, rename: Callable[[str], str | None]) -> Weights:
    """Weights under other names, and metadata of their modules with them.

    Args:
        weights: By name.
        rename: Of a tensor, or of a module with a dot behind it; None leaves it out.
    """
    pairs = ((rename(name), tensor) for name, tensor in weights.items())
    out = OrderedDict((name, tensor) for name, tensor in pairs if name is not None)
    metadata = getattr(weights, "_metadata", None)
    if isinstance(metadata, Mapping) and all(isinstance(v, Mapping) for v in metadata.values()):
        modules = ((rename(f"{name}."), value) for name, value in metadata.items())
        out._metadata = {  # type: ignore[attr-defined]
            name.removesuffix("."): value for name, value in modules if name is not None
        }
    return out


def _candidates(states: Mapping[str, Weights], own: Collection[str]) -> Iterator[_Candidate]:
    """Each state dict with each prefix under which it has names of the model."""
    names = set(own)
    for key, weights in states.items():
        bare = _unwrapped(key, weights, names)
        rest = [name for name in map(bare.rename, weights) if name is not None]
        counts = Counter(prefix for name in rest for prefix, end in _cuts(name) if end in names)
        known = {prefix: fits for prefix, fits in counts.items() if fits > KNOWN * len(rest)}
        for prefix, fits in (known or {_outer(rest): 0}).items():
            yield replace(bare, prefix=prefix, fits=fits)


def _unwrapped(key: str, weights: Weights, own: Collection[str]) -> _Candidate:
    """Without what wrappers put into names; the model's own parts of such a name stay."""
    parts = [name.split(".") for name in weights]
    kept = {part for name in own for part in name.split(".")}
    there = {part for names in parts for part in names}
    words = tuple(word for word in WRAPPERS if word in there - kept)
    # A few without, as a count of averaged models, are the wrapper's.
    wrapped = 2 * sum(names[0] in words for names in parts) > len(parts) and not any(
        name in own for name in weights
    )
    found = _Candidate(key, weights, words, wrapped)
    new = [name for name in map(found.rename, weights) if name is not None]
    return found if len(set(new)) == len(new) else _Candidate(key, weights, (), False)


def _cuts(name: str) -> Iterator[tuple[str, str]]:
    """``a.b.c`` as ('', 'a.b.c'), ('a.', 'b.c'), ('a.b.', 'c')."""
    at = 0
    while True:
        yield name[:at], name[at:]
        at = name.find(".", at) + 1
        if not at:
            return


def _outer(names: Sequence[str]) -> str:
    """The prefix of all names that consists of words for the network as a whole."""
    prefix = ""
    while True:
        firsts = {name.removeprefix(prefix).partition(".")[0] for name in names}
        if len(firsts) != 1 or not firsts <= set(OUTER):
            return prefix
        prefix += f"{firsts.pop()}."


def _the_one(found: Sequence[_Candidate], path: Path) -> _Candidate:
    """The best that fits; of several with the same numbers the first."""
    most = max(each.fits for each in found)
    best = sorted((each for each in found if each.fits == most), key=lambda each: len(each.prefix))
    usual = [each for key in USUAL for each in best if each.key == key]
    first, *others = usual or best
    if any(_differ(first, other) for other in others if not usual or other.key == first.key):
        raise CheckpointError(
            f"{path} holds several weights that fit: {_listed(best)}. Save one of them alone."
        )
    return first


def _differ(one: _Candidate, other: _Candidate) -> bool:
    ours, theirs = one.under(), other.under()
    return any(
        name not in theirs or not torch.equal(tensor, theirs[name]) for name, tensor in ours.items()
    )


def _listed(found: Sequence[_Candidate]) -> str:
    return ", ".join(each.where for each in found[:5])


def first_names(names: Sequence[str]) -> str:
    """Three of them."""
    return f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''}"


def counted(names: Sequence[str], what: str = "tensor") -> str:
    """How many there are."""
    return f"{len(names):,} {what}{'' if len(names) == 1 else 's'}"
