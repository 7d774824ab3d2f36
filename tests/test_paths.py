"""Strings are paths, in every public function that takes one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ClusterError, ConfigError
from samefeatures.base.paths import as_path
from samefeatures.maps.arrays import ArraySpace


def public_callables() -> Iterator[tuple[str, Any]]:
    """Functions, classes and their own methods, by name."""
    for name in sf.__all__:
        found = getattr(sf, name)
        yield name, found
        if inspect.isclass(found) and found.__module__.startswith("samefeatures."):
            for key, member in inspect.getmembers(found, callable):
                ours = getattr(member, "__module__", None) or ""
                if not key.startswith("_") and ours.startswith("samefeatures."):
                    yield f"{name}.{key}", member


def taking_paths() -> set[str]:
    """``FUNCTION PARAMETER`` for everything that is annotated as a path."""
    found = set()
    for name, each in public_callables():
        try:
            parameters = inspect.signature(each).parameters.values()
        except ValueError:
            continue
        for parameter in parameters:
            if "Path" in str(parameter.annotation) or parameter.annotation == "Root":
                assert "PathLike" in str(parameter.annotation), f"{name} takes no string"
                found.add(f"{name} {parameter.name}")
    return found


X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
FITTED = sf.fit_map(X, X[:, :2])
MOMENTS = sf.moments({"a": X, "b": X[:, :2]})
SHARED = sf.canonical_space({"a": X, "b": X[:, :2]}, k=1)
CURVE = sf.LossCurve(unit="pass", loss=np.ones(3))
IMAGES = sf.ImageSource(source="fashion-mnist:eval", limit=2)


def config() -> sf.StudyConfig:
    return sf.parse_config({"networks": ["npz:a.npz", "npz:b.npz"], "methods": ["ols"]})


def saved(record: Any, name: str) -> Callable[[Any, Path], None]:
    """Writes to a path, which then is there."""

    def run(given: Any, place: Path) -> None:
        record.save(given)
        assert place.exists(), name

    return run


def loaded(record: Any) -> Callable[[Any, Path], None]:
    """Reads from a path what was written there."""

    def run(given: Any, place: Path) -> None:
        record.save(place)
        assert type(record).load(given) is not None

    return run


def kept(given: Any, place: Path) -> None:
    CURVE.save(place)
    assert sf.LossCurve.kept(given).unit == "pass"


def study(given: Any, place: Path, *, key: str) -> None:
    given_to = {"out": place.parent / "out", "base": place.parent} | {key: given}
    assert isinstance(sf.Study(config(), **given_to).results_path, Path)


def folder_of_a_study(place: Path) -> None:
    place.mkdir()
    for name in "ab":
        write_npz(place, name, make_worlds(n=30, m=20)[name])
    (place / "study.yaml").write_text("networks: [npz:a.npz, npz:b.npz]\n")


def configured(given: Any, place: Path) -> None:
    place.write_text("networks: [npz:a.npz]\n")
    assert sf.read_config(given).networks[0].load == "npz:a.npz"


def on_a_cluster(given: Any, place: Path, *, key: str) -> None:
    folder_of_a_study(place.parent / "home")
    study_file = place.parent / "home" / "study.yaml"
    if key == "path":
        place.write_bytes(study_file.read_bytes())
    options: dict[str, Any] = {"path": study_file, "out": place.parent / "out"} | {key: given}

    def nowhere(address: str) -> None:
        raise ClusterError(f"nothing at {address}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("samefeatures.cluster.opening.connected", nowhere)
        waiting = sf.cluster_study(options.pop("path"), address="local", **options)
        with pytest.raises(ClusterError, match="nothing at local"):  # after the file was read
            waiting.__enter__()


def based(given: Any, place: Path) -> None:
    place.mkdir()
    write_npz(place, "a", make_worlds(n=30, m=20)["a"])
    assert sf.load("npz:a.npz", base=given).name == "a"


def images(given: Any, place: Path) -> None:
    assert len(sf.open_images(IMAGES, labelled=False, base=given)) == 2


def extracted(given: Any, place: Path) -> None:
    network = sf.load("mini:resnet_v1")
    (rows,) = sf.extract([network], sf.open_images(IMAGES, labelled=False), given)
    assert len(rows) == 2
    assert any(place.iterdir())


def exported(given: Any, place: Path) -> None:
    network = sf.load("mini:resnet_v1")
    assert sf.export_onnx(network, network.head, given) == place
    assert place.exists()


def reported(given: Any, place: Path) -> None:
    assert sf.write_report(sf.compare({"a": X, "b": X[:, :2]}), given)[0].parent == place


def problem(given: Any, place: Path) -> None:
    networks = {name: ArraySpace(name, dim) for name, dim in {"a": 3, "b": 2}.items()}
    found = sf.SourceProblem("a", networks, MOMENTS).keeping(given)
    assert found.checkpoint == place


def of_source(method: str) -> Callable[[Any, Path], None]:
    def run(given: Any, place: Path) -> None:
        source = sf.ImageSource(source="s", labels="s", class_map="s")
        assert getattr(source, method)(given) == place / "s"

    return run


CASES: dict[str, Callable[[Any, Path], None]] = {
    "AffineMap.save path": saved(FITTED, "map"),
    "AffineMap.load path": loaded(FITTED),
    "LossCurve.save path": saved(CURVE, "curve"),
    "LossCurve.load path": loaded(CURVE),
    "LossCurve.kept path": kept,
    "Moments.save path": saved(MOMENTS, "moments"),
    "Moments.load path": loaded(MOMENTS),
    "SpaceMoments.save path": saved(MOMENTS, "moments"),
    "SpaceMoments.load path": loaded(MOMENTS),
    "CanonicalSpace.save path": saved(SHARED, "space"),
    "CanonicalSpace.load path": loaded(SHARED),
    "StudyResults.save path": saved(sf.compare({"a": X, "b": X[:, :2]}), "results"),
    "StudyResults.load path": loaded(sf.compare({"a": X, "b": X[:, :2]})),
    "SourceProblem.keeping checkpoint": problem,
    "Study out": lambda given, place: study(given, place, key="out"),
    "Study base": lambda given, place: study(given, place, key="base"),
    "cluster_study path": lambda given, place: on_a_cluster(given, place, key="path"),
    "cluster_study out": lambda given, place: on_a_cluster(given, place, key="out"),
    "export_onnx path": exported,
    "extract root": extracted,
    "load base": based,
    "open_images base": images,
    "read_config path": configured,
    "write_report folder": reported,
    "ImageSource.path base": of_source("path"),
    "ImageSource.labels_path base": of_source("labels_path"),
    "ImageSource.class_map_path base": of_source("class_map_path"),
}


def test_every_public_path_has_a_case() -> None:
    assert taking_paths() == set(CASES)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", [str, Path])
def test_strings_and_paths_are_alike(
    case: str, kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CASES[case](kind(tmp_path / "place"), tmp_path / "place")


@pytest.mark.parametrize("case", ["AffineMap.save path", "read_config path", "Study out"])
def test_home_folders_are_those_of_the_user(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    CASES[case]("~/place", tmp_path / "place")


@pytest.mark.parametrize("case", [c for c in CASES if c.split()[1] in ("path", "folder", "out")])
@pytest.mark.parametrize(
    ("given", "message"),
    [("", "is empty"), (5, "5 is no path"), (b"x", "is no path"), ("a\0b", "NUL")],
)
def test_what_is_no_path_is_said(case: str, given: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        CASES[case](given, tmp_path / "place")


def test_urls_are_no_paths() -> None:
    with pytest.raises(ConfigError, match="'s3://bucket/x' is a URL"):
        as_path("s3://bucket/x")
    with pytest.raises(ConfigError, match="is a URL"):
        FITTED.save("https://example.org/map.safetensors")


def test_sources_take_paths_too(tmp_path: Path) -> None:
    source = sf.ImageSource(source=tmp_path / "images", labels=tmp_path / "labels.csv")
    assert (source.source, source.kind) == (str(tmp_path / "images"), "folder")
    assert source.labels_path(tmp_path) == tmp_path / "labels.csv"
