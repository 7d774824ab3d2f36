"""Open a study from its file."""

from __future__ import annotations

from pathlib import Path

from samefeatures.base.display import ProgressChoice
from samefeatures.base.documents import read_yaml
from samefeatures.study.config import parse_config, read_config
from samefeatures.study.place import folder_for
from samefeatures.study.study import Study


def open_study(
    path: Path,
    *,
    out: Path | None = None,
    strict: bool = False,
    curve: bool = False,
    progress: ProgressChoice = "quiet",
) -> Study:
    """A study from its file; ``out`` and ``strict`` win over what the file says, and where it says
    nothing of a ``curve``, so does this.

    Raises:
        ConfigError: when the file is wrong, or names no folder and none is given.
    """
    config = read_config(path)
    if curve and not config.curve:
        config = parse_config({**read_yaml(path), "curve": True}, where=str(path))
    if strict and not config.strict:
        config = config.model_copy(update={"strict": True})
    folder = folder_for(config, path, out)
    return Study(config, out=folder, base=path.parent, progress=progress)
