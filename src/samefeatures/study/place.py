"""Where a study lies: its file, and the folder of what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from samefeatures.base.errors import ConfigError
from samefeatures.base.paths import path_of

if TYPE_CHECKING:
    from samefeatures.study.config import StudyConfig

SUFFIXES = (".yaml", ".yml")


def is_study_file(name: str | Path) -> bool:
    """Whether a name, there or not, is that of a study file: no folder, and no ``KIND:…``."""
    path = Path(name)
    return (
        path.suffix.lower() in SUFFIXES
        and not path.is_dir()
        and (":" not in str(name) or path.is_file())
    )


def study_folder(place: Path, out: Path | None) -> Path:
    """The folder of a study, named itself or by its study file.

    Raises:
        ConfigError: when the file is wrong or names no folder, or a folder is named twice.
    """
    if is_study_file(place):
        from samefeatures.study.config import read_config

        return folder_for(read_config(place), place, out)
    if out is not None:
        raise ConfigError(f"{place} is the folder of a study itself: leave --out out.")
    if place.is_file():
        raise ConfigError(f"{place} is a file. Give the folder that it lies in, or the study file.")
    return place


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
