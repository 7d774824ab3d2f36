"""Networks attached to the space of a study: what is said of them, and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError
from samefeatures.study.canonical.attach import attach_networks

WORLDS = make_worlds(n=80, m=40, noise=1.0)
STUDY = "networks: ['npz:a.npz', 'npz:b.npz']\nmethods: [ols]\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A study of two networks with its space of two directions, and a third network."""
    sources = [write_npz(tmp_path, name, WORLDS[name]) for name in "ab"]
    write_npz(tmp_path, "c", WORLDS["c"])
    (tmp_path / "study.yaml").write_text(STUDY)
    rows = {name: WORLDS[name]["fit_features"] for name in "ab"}
    sf.canonical_space(rows, k=2).save(tmp_path / "space.safetensors")
    assert sources == ["npz:a.npz", "npz:b.npz"]
    return tmp_path


def share(space: sf.CanonicalSpace, name: str) -> float:
    """Of the variance of a network's fit rows, by regression on the points of the space."""
    assert space.anchors is not None
    x = WORLDS[name]["fit_features"].astype(float)
    x -= x.mean(axis=0)
    points = space.anchors.points.astype(float)
    left = x - points @ np.linalg.lstsq(points, x, rcond=None)[0]
    return float(1 - (left**2).sum() / (x**2).sum())


def test_what_is_attached_is_said_with_the_share_that_the_space_holds(place: Path) -> None:
    told: list[Any] = []
    to = place / "not" / "there" / "larger.safetensors"
    sources = ["npz:c.npz", {"load": "npz:a.npz", "name": "twin"}]
    found, late = attach_networks(
        place / "space.safetensors",
        sources,  # type: ignore[arg-type]
        study=place / "study.yaml",
        out=place / "given",
        to=to,
        progress=told.append,
    )
    assert found == to
    space = sf.CanonicalSpace.load(to)
    assert space.names == ("a", "b", "c", "twin")
    assert [(each.name, each.dim) for each in late] == [("c", 7), ("twin", 8)]
    for each, original in zip(late, "ca", strict=True):
        assert 0.1 < each.held < 0.95
        assert each.held == pytest.approx(share(space, original), rel=1e-4)
    assert told, "who asked for progress was told"
    assert (place / "given").is_dir(), "what is extracted goes where the caller says"
    assert sf.CanonicalSpace.load(place / "space.safetensors").names == ("a", "b")


def test_it_goes_over_the_old_space_where_nothing_else_is_said(place: Path) -> None:
    (place / "study.yaml").write_text(STUDY + "out: of_the_file\n")
    space = place / "space.safetensors"
    found, _ = attach_networks(space, ["npz:c.npz"], study=place / "study.yaml")
    assert found == space
    assert sf.CanonicalSpace.load(space).names == ("a", "b", "c")
    assert (place / "of_the_file").is_dir()


def test_sources_that_are_none_are_told_of_attaching(place: Path) -> None:
    with pytest.raises(ConfigError, match=r"^attach: "):
        attach_networks(
            place / "space.safetensors", [], study=place / "study.yaml", out=place / "given"
        )


@pytest.mark.parametrize(
    "asked",
    [
        "controls: true",
        "canonical: {k: [2]}",
        "ranks: [1, 4]",
        "curve: {sizes: [1000]}",
        "spectra: true",
        "class_names: [p, q, r, s, t]",
    ],
)
def test_nothing_else_that_the_study_asks_for_is_asked_of_the_network(
    place: Path, asked: str
) -> None:
    """The fault: ranks that a file lists were held against the one network, with an IndexError."""
    (place / "study.yaml").write_text(f"{STUDY}{asked}\nout: out\n")
    features = {k: v for k, v in WORLDS["c"].items() if k.endswith("_features")}
    write_npz(place, "headless", features)
    found, late = attach_networks(
        place / "space.safetensors", ["npz:headless.npz"], study=place / "study.yaml"
    )
    assert [each.name for each in late] == ["headless"]
    assert sf.CanonicalSpace.load(found).names == ("a", "b", "headless")
