"""The table of kinds, and a kind that another package brings."""

from __future__ import annotations

import pkgutil
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fake_package import install
from samefeatures.base.errors import ConfigError, NetworkError
from samefeatures.commands.app import app
from samefeatures.networks.kinds import GROUP, KINDS, Kind
from samefeatures.networks.load import load
from samefeatures.networks.source import anchored, parse_source
from samefeatures.planning.plan import make_plan
from samefeatures.report.write import write_report
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study

PROJECT = Path(__file__).parents[2]

TOY = '''
import numpy as np
from samefeatures.base.digests import digest
from samefeatures.networks.kinds import Kind
from samefeatures.networks.proof import Claim, probe_images, prove
from samefeatures.networks.record import Head, ImageNetwork
from samefeatures.networks.settings import build_preprocessing

KIND = Kind(
    name="toy",
    loader="toy_networks:load_toy",
    runtime="numpy",
    keys=("seed", "notes"),
    paths=("notes",),
    packages=("toy",),
)


class Backend:
    """Features are random mixtures of the pixels of a thumbnail."""

    runtime = "numpy, by toy 1.0"

    def __init__(self, seed):
        self.mix = np.random.default_rng(seed).normal(size=(3 * 7 * 7, 12)).astype(np.float32)

    def features(self, images):
        return np.tanh(images.reshape(len(images), -1) @ self.mix / 12)


def load_toy(source, options):
    backend = Backend(int(source.query.get("seed", 0)))
    rng = np.random.default_rng(1)
    head = Head(rng.normal(size=(10, 12)).astype(np.float32), np.zeros(10, np.float32))
    fields = {"input_size": (3, 7, 7), "mean": (0.5,) * 3, "std": (0.25,) * 3}
    prep = build_preprocessing(fields, options.overrides, source=source.text)
    whole = lambda x: head.logits(backend.features(x))
    claim = Claim("the toy layer", "tanh")
    proof = prove(claim, head, backend.features, whole, probe_images(prep), source=source.text)
    return ImageNetwork(
        name=options.name, source=source.text, head=head, preprocessing=prep, backend=backend,
        fingerprint=digest(source.text), parameters=1764, split=proof,
    )
'''


@pytest.fixture(autouse=True)
def _not_imported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "toy_networks", raising=False)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed package with a kind of its own."""
    points = {GROUP: {"toy": "toy_networks:KIND"}}
    folder = install(tmp_path / "site", "toy", {"toy_networks": TOY}, points)
    monkeypatch.syspath_prepend(folder)
    return folder


def study_of_toys(folder: Path, *, limit: int = 120) -> Study:
    values = {
        "networks": [
            {"load": "toy:small/one?seed=1"},
            {"load": "toy:two?seed=2", "std": [0.5, 0.5, 0.5]},
            "mini:resnet_v1",
        ],
        "data": {
            kind: {"source": f"fashion-mnist:{kind}", "limit": limit} for kind in ("fit", "eval")
        },
        "methods": ["ols"],
    }
    return Study(parse_config(values), out=folder / "out", base=folder)


def test_a_kind_from_outside_is_checked_like_ours(toy: Path) -> None:
    done = CliRunner().invoke(
        app, ["check", "toy:small/one?seed=1", "--data", "fashion-mnist:eval", "--limit", "50"]
    )
    assert done.exit_code == 0, done.output
    for said in (
        "toy:small/one?seed=1",
        "1,764",
        "the toy layer",
        "numpy, by toy 1.0",
        "own top-1",
    ):
        assert said in done.output


def test_a_kind_from_outside_goes_through_a_study_and_its_report(toy: Path) -> None:
    study = study_of_toys(toy.parent)
    results = study.score()
    assert [net.name for net in results.networks] == ["one", "two", "resnet_v1"]
    assert results.networks[1].preprocessing["std"] == (0.5, 0.5, 0.5)  # type: ignore[index]
    cell = results.table("ols")["one", "two"]
    assert (cell.source, cell.target, cell.n) == ("one", "two", 120)
    page = next(p for p in write_report(results, toy.parent / "report") if p.suffix == ".html")
    assert "toy:small/one?seed=1" in page.read_text()


def test_a_kind_from_outside_is_planned(toy: Path) -> None:
    plan = make_plan(study_of_toys(toy.parent, limit=60))
    assert plan.networks == ("one", "two", "resnet_v1")
    measured = [stage for stage in plan.stages if stage.name in ("network one", "network two")]
    assert [stage.seconds > 0 for stage in measured] == [True, True]


def test_a_kind_from_outside_has_options_paths_and_an_arithmetic(toy: Path, tmp_path: Path) -> None:
    source = parse_source("toy:a/b?seed=1")
    assert (source.kind.name, source.rest, source.query) == ("toy", "a/b", {"seed": "1"})
    assert anchored("toy:a/b?notes=n.txt", tmp_path) == f"toy:a/b?notes={tmp_path}/n.txt"
    with pytest.raises(NetworkError, match=r"unknown option 'sed'.*Did you mean 'seed'"):
        parse_source("toy:one?sed=1")
    with pytest.raises(NetworkError, match=r"'toi'.*Did you mean 'toy'.*savedmodel:, toy:\."):
        parse_source("toi:one")
    with pytest.raises(ConfigError, match=r"needs networks that run on torch .*toy:one does not"):
        load("toy:one", precision="bfloat16")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("KIND = 3", r"'toy' of toy_networks:KIND is int; samefeatures\.networks takes .*Kind"),
        ("import nowhere_at_all", "can't be imported .*nowhere_at_all.*uninstall"),
        (TOY.replace('name="toy"', 'name="tay"'), "calls itself 'tay'"),
    ],
)
def test_a_kind_that_can_not_be_used(
    code: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = {GROUP: {"toy": "toy_networks:KIND"}}
    install(tmp_path, "toy", {"toy_networks": code}, points)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=message):
        load("toy:one")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("split=proof", "split=None", "without the proof of its split"),
        ("digest(source.text)", "source.text", "without a fingerprint"),
    ],
)
def test_an_adapter_is_held_to_what_a_network_is(
    old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = {GROUP: {"toy": "toy_networks:KIND"}}
    install(tmp_path, "toy", {"toy_networks": TOY.replace(old, new)}, points)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NetworkError, match=f"toy_networks:load_toy gives a network {message}"):
        load("toy:one")


def test_ours_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = {GROUP: {"mini": "toy_networks:KIND"}}
    install(tmp_path, "toy", {"toy_networks": TOY}, points)
    monkeypatch.syspath_prepend(tmp_path)
    assert parse_source("mini:nasnet").kind is KINDS["mini"]


# --- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_row_is_whole_and_documented(kind: Kind) -> None:
    assert callable(pkgutil.resolve_name(kind.loader))
    assert set(kind.paths) <= set(kind.keys)
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert kind.extra is None or kind.extra in extras["optional-dependencies"]
    assert (kind.extra is None) == (not kind.packages), "what an extra brings may change features"
    formats = (PROJECT / "docs" / "formats.md").read_text()
    for page in (formats, (PROJECT / "README.md").read_text()):
        assert f"| `{kind.name}:" in page
    row = formats.partition(f"| `{kind.name}:")[2]
    for key in kind.keys:
        assert f"{key}=" in row or f"`{key}`" in row, f"docs/formats.md does not say '{key}'"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("mini:nasnet", "nasnet"),
        ("timm:hf-hub:timm/resnet18.a1_in1k", "resnet18.a1_in1k"),
        ("hf:owner/name?revision=main", "name"),
        ("hf:a/folder/", "folder"),
        ("python:package.module:make", "make"),
        ("onnx:a/net/model.onnx", "net"),
        ("onnx:a/other.onnx?output=y", "other"),
        ("npz:a/b.npz", "b"),
        ("keras:MobileNetV2?alpha=1.4", "MobileNetV2"),
        ("keras:a/b/net.keras", "net"),
        ("keras:net.h5", "net"),
        ("savedmodel:nets/inception_v3", "inception_v3"),
        ("savedmodel:nets/inception_v3/2/", "inception_v3"),
        ("savedmodel:a/net.v2?signature=default", "net.v2"),
    ],
)
def test_short_names(source: str, name: str) -> None:
    parsed = parse_source(source)
    assert parsed.kind.short(parsed.rest) == name
