"""Open a study from its file."""

from __future__ import annotations

from pathlib import Path

from samefeatures.base.display import ProgressChoice
from samefeatures.base.errors import ConfigError
from samefeatures.base.paths import path_of
from samefeatures.study.config import StudyConfig, read_config
from samefeatures.study.study import Study


def open_study(
    path: Path, *, out: Path | None = None, strict: bool = False, progress: ProgressChoice = "quiet"
) -> Study:
    """A study from its file; ``out`` and ``strict`` win over what the file says.

    Raises:
        ConfigError: when the file is wrong, or names no folder and none is given.
    """
    config = read_config(path)
    folder = folder_for(config, path, out)
    if strict and not config.strict:
        config = config.model_copy(update={"strict": True})
    return Study(config, out=folder, base=path.parent, progress=progress)


def folder_for(config: StudyConfig, path: Path, out: Path | None) -> Path:
    """Where the study of the file ``path`` lies; ``out`` wins over what the file says.

    Raises:
        ConfigError: when the file names no folder and none is given.
    """
    if out is None and config.out is None:
        raise ConfigError(
            f"{path} names no folder for what comes out. Give --out DIR, or 'out: DIR' in the file."
        )
    return out if out is not None else path_of(str(config.out), path.parent)
