"""Networks that are attached to the space of a study, by the images of that study alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samefeatures.base.display import ProgressChoice
from samefeatures.base.files import writing
from samefeatures.base.paths import PathLike, as_path
from samefeatures.maps.canonical.attaching import attach
from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.study.config import parse_config, read_config
from samefeatures.study.place import folder_for
from samefeatures.study.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A network that was attached.

    Attributes:
        name: Of the network.
        dim: Its features.
        held: Share of their variance on the fit images that the space holds.
    """

    name: str
    dim: int
    held: float


def attach_networks(
    space: PathLike,
    sources: Sequence[str],
    *,
    study: Path,
    out: Path | None = None,
    to: PathLike | None = None,
    progress: ProgressChoice = "quiet",
) -> tuple[Path, list[Attached]]:
    """Extract what networks make of a study's fit images, and attach them to its space.

    No feature of the networks that the space was made of is read.

    Args:
        space: The file.
        sources: Of the new networks, as ``networks`` of a study file takes them.
        study: The study file: its ``data`` and how it extracts are taken, nothing else.
        out: Folder of the study, where the file does not say it.
        to: Where the larger space goes; over the old one if left out.
        progress: As in ``Study``.

    Returns:
        Where it was written, and what was attached.

    Raises:
        MapError: when the space knows a name already, or was made of other images.
        ConfigError: when the study is wrong.
    """
    path, to = as_path(space), as_path(to or space)
    found = CanonicalSpace.load(path)
    config = read_config(study)
    folder = folder_for(config, study, out)
    plain = {"networks": list(sources), "methods": ["ols"]}
    entries = parse_config(plain, where="attach")
    changed = {
        "networks": entries.networks,
        "methods": entries.methods,
        "controls": False,
        "ranks": None,
        "tasks": (),
        "class_names": None,
    }
    opened = Study(
        config.model_copy(update=changed), out=folder, base=study.parent, progress=progress
    )
    done = []
    with opened.progress:
        for name, rows in opened.fit_features.rows.items():
            found = attach(found, opened.inputs.networks[name], rows)
            done.append(_held(found, name))
    with writing(to):
        to.parent.mkdir(parents=True, exist_ok=True)
        found.save(to)
    return to, done


def _held(space: CanonicalSpace, name: str) -> Attached:
    member = space.member(name)
    held = space.rows * float((member.decoder**2).sum())
    return Attached(name=name, dim=member.dim, held=held / member.spread)  # which varies
