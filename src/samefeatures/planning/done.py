"""What of a study lies in its folder already; nothing is written, moved or removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samefeatures.features.extract import wanted_of
from samefeatures.features.opening import store_place
from samefeatures.features.place import Root
from samefeatures.features.store import images_per_chunk
from samefeatures.joint.kept import moments_path
from samefeatures.joint.stream import Stream
from samefeatures.networks.record import ImageNetwork
from samefeatures.study.config import StudyConfig
from samefeatures.study.inputs import Part, StudyInputs
from samefeatures.study.kept_similarity import results_of
from samefeatures.study.map_files import MapFiles, kept_key, map_keys
from samefeatures.study.runner import Finished
from samefeatures.study.sides import Side, eval_side, fingerprint_of, fit_side, streamed_side
from samefeatures.study.summaries import settings_of, versions_summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Shares between 0 and 1.

    Attributes:
        features: Of the rows of every network, by kind (``fit``, ``eval``), source of images and
            network.
        moments: By kind.
        maps: Of the maps of every method, by its label.
        scores: Of the hybrids of every method, by its label.
        finished: Whether results of this very study are there: nothing that follows the scores is
            left to do.
    """

    features: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    moments: Mapping[str, float] = field(default_factory=dict)
    maps: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    finished: bool = False

    def rows(self, kind: str, source: str, network: str) -> float:
        """The share of rows that is stored; 0 where nothing is known."""
        return self.features.get((kind, source, network), 0.0)


def find_done(
    inputs: StudyInputs, config: StudyConfig, *, out: Path, root: Root, stream: Stream | None
) -> Done:
    """Look into the folder of a study.

    Moments, maps and scores are looked for only where all features are there: they hang on them.

    Args:
        inputs: Networks and images.
        config: Of the study.
        out: Its folder.
        root: Of the feature stores.
        stream: With ``store: false``: rows of the fit side are those that have gone into moments.
    """
    streamed = stream.done() if stream else None
    features = {
        (kind, part.images.name, net.name): streamed
        if streamed is not None and kind == "fit"
        else stored_share(root, net, part)
        for kind, parts in (("fit", inputs.fit), ("eval", inputs.eval))
        for part in parts
        for net in inputs.image_networks
    }
    whole = {
        kind: all(share == 1 for (side, _, _), share in features.items() if side == kind)
        for kind in ("fit", "eval")
    }
    if not whole["fit"] or not (out / "moments").is_dir():
        return Done(features=features, moments={} if streamed is None else {"fit": streamed})
    there = Finished(root)
    sides = {"fit": streamed_side(inputs, stream) if stream else fit_side(inputs, there)}
    if whole["eval"]:
        sides["eval"] = eval_side(inputs, there)
    return Done(
        features=features,
        **_algebra(inputs, config, out, sides),
        finished="eval" in sides and _finished(inputs, config, out, sides["eval"]),
    )


def stored_share(root: Root, network: ImageNetwork, part: Part) -> float:
    """Chunks that are there, of all."""
    place, _ = store_place(root, wanted_of(network, part.images, part.views))
    chunks = -(-len(part.images) // images_per_chunk(part.views))
    return len(place.stored_chunks("features", chunks)) / chunks


def _algebra(
    inputs: StudyInputs, config: StudyConfig, out: Path, sides: Mapping[str, Side]
) -> dict[str, dict[str, float]]:
    folder, precision = out / "moments", config.algebra.precision
    moments = {
        kind: float(moments_path(list(side.rows.values()), folder, kind, precision).exists())
        for kind, side in sides.items()
    }
    keys = map_keys(config, sides["fit"].rows, inputs.networks)
    files = MapFiles(out / "maps", list(keys), list(inputs.networks))
    maps = {label: _map_share(files, label, key) for label, key in keys.items()}
    scores = {}
    if "eval" in sides:
        scores = {
            label: _score_share(files.names, out / "scores" / label, key)
            for label, key in keys.items()
        }
    return {"moments": moments, "maps": maps, "scores": scores}


def _finished(inputs: StudyInputs, config: StudyConfig, out: Path, evaluation: Side) -> bool:
    """Results of other settings, images, weights or versions are of another study."""
    settings, fit = settings_of(config), fingerprint_of(inputs.fit) if inputs.fit else None
    path = out / "study.json"
    found = results_of(path, settings, inputs.networks, evaluation.summary, fit=fit)
    versions = versions_summary(config)
    return found is not None and (found.settings, found.versions) == (settings, versions)


def _map_share(files: MapFiles, label: str, key: str) -> float:
    pairs = [(a, b) for a in files.names for b in files.names if a != b]
    if not pairs or kept_key(files.folder / label / "key.json") != key:
        return 0.0
    return sum(files.path(label, a, b).exists() for a, b in pairs) / len(pairs)


def _score_share(names: Sequence[str], folder: Path, key: str) -> float:
    there = [any((folder / name).glob(f"{key[:16]}-*.npz")) for name in names]
    return sum(there) / len(names)
