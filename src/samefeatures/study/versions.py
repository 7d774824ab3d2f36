"""Versions of what can change a number of a study: kept with its results, equal on a cluster."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec

from samefeatures.base.version import __version__
from samefeatures.images.sources import KINDS
from samefeatures.maps import METHODS
from samefeatures.networks.source import parse_source
from samefeatures.study.config import StudyConfig

CORE = ("python", "samefeatures", "numpy", "scipy", "onnxruntime", "pillow", "zarr")
MISSING = "missing"


def versions_of(config: StudyConfig) -> dict[str, str]:
    """By name, of what the study uses: the same names on every machine, ``missing`` among them."""
    return {name: installed(name) for name in _packages(config)}


def here(found: Mapping[str, str]) -> dict[str, str]:
    """For results: those that are here, and the platform."""
    there = {name: said for name, said in found.items() if said != MISSING}
    return {"platform": platform.platform(), **there}


def _packages(config: StudyConfig) -> Iterator[str]:
    yield from CORE
    for entry in config.networks:
        yield from parse_source(entry.load).kind.packages
    for part in (*config.data.fit, *config.data.eval) if config.data else ():
        yield from KINDS[part.kind].packages
    for method in config.methods:
        yield from METHODS.get(method.name).packages
    if config.algebra_device != "cpu":
        yield "torch"


def installed(package: str) -> str:
    """The version of a package here, or ``missing``; also of ``python`` itself."""
    if package == "python":
        return platform.python_version()
    if package == "samefeatures":
        return __version__
    try:
        return version(package)
    except PackageNotFoundError:
        # Some are built under several names: tensorflow-cpu, onnxruntime-gpu.
        there = find_spec(package) is not None
        names = packages_distributions().get(package, ()) if there else ()
        return version(names[0]) if names else MISSING
