"""The dry run is right about a machine with nothing on it, and about one with everything."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from fakes import FakeCatalogue
from rich.console import Console

from samefeatures.base.errors import ConfigError, MissingExtraError
from samefeatures.base.progress import Silent
from samefeatures.planning import algebra, decoding, rates
from samefeatures.planning.estimate import Stage
from samefeatures.reproduce.dry_run import DryRun, try_out
from samefeatures.reproduce.dry_run_terminal import print_dry_run
from samefeatures.reproduce.experiment import Options, plan_experiment
from samefeatures.reproduce.networks import Catalogue
from samefeatures.reproduce.run import reproduce
from small_imagenet import SYNSETS, write_imagenet

TWO = ("inception_v1", "inception_v2")


def quick(patch: pytest.MonkeyPatch) -> None:
    """Short and small measurements: figures are not looked at here."""
    patch.setattr(rates, "SECONDS", 0.2)
    patch.setattr(decoding, "SAMPLE", 4)
    patch.setattr(rates, "LEAST", 0.02)
    patch.setattr(algebra, "WIDEST", 64)
    patch.setattr(algebra, "ALL", 256)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)


def tried(options: Options, catalogue: Catalogue | None = None, name: str = "thesis") -> DryRun:
    catalogue = catalogue or FakeCatalogue()
    return try_out(plan_experiment(name, options, catalogue), catalogue, Silent())


def shown(found: DryRun, width: int = 120) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    print_dry_run(found, console)
    return console.export_text()


def stages(found: DryRun) -> dict[str, Stage]:
    assert found.plan is not None
    return {stage.name: stage for stage in found.plan.stages}


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> DryRun:
    base = tmp_path_factory.mktemp("bare")
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        return tried(Options(data=base / "none", out=base / "out", weights_dir=base / "w"))


def test_a_machine_with_nothing_on_it(nothing: DryRun) -> None:
    assert not nothing.ready
    assert [n.state for n in nothing.networks] == ["missing"] * 10
    assert all(rate > 0 for rate in nothing.rates.values())
    assert [i.images for i in nothing.images] == [None, None]
    assert [i.planned for i in nothing.images] == [1_281_167, 50_000]
    found = stages(nothing)
    assert found["store features"].bytes == 4 * (1_281_167 + 50_000) * 21_408
    assert list(found)[-4:] == ["maps: logit", "maps: naive", "scores", "report"]
    assert all(stage.seconds > 0 for stage in found.values())
    assert nothing.download == 4e6 * (5 + 11 + 7 + 60 + 60 + 24 + 43 + 56 + 89 + 86)
    said = "\n".join(nothing.problems)
    assert "no folder at" in said
    assert "no training images" in said
    assert "no validation images" in said
    assert "0 of 10 networks have weights" in said


def test_its_commands_go_on_from_there(nothing: DryRun) -> None:
    fetch, rest = nothing.commands[:10], nothing.commands[10:]
    assert all(line.startswith("mkdir -p ") and "curl -fL https://" in line for line in fetch)
    assert "| tar -xz -C " in fetch[0]
    assert fetch[9].endswith("w/pnasnet_large.safetensors")
    by_hand, extras, train, val, again, run = rest
    assert by_hand.startswith("# from https://image-net.org")
    assert "ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar, ILSVRC2012_devkit" in by_hand
    assert "samefeatures[torchvision]" in extras
    assert "'train')" in train
    assert "'val')" in val
    assert again == f"{run} --dry-run"
    assert run.startswith("samefeatures reproduce thesis --data ")


def test_it_is_all_on_the_screen(nothing: DryRun) -> None:
    text = shown(nothing)
    for fact in (
        "inception_resnet_v2", "missing", "1,281,167", "114.0 GB", "It can't start yet.",
        "Timed with untrained weights", "as if they were there", "image-net.org", "curl -fL",
        "https://weights.example/nasnet_large.safetensors",
    ):  # fmt: skip
        assert fact in text, fact
    for line in text[: text.index("\nAbout ")].splitlines():
        assert len(line) <= 120


def test_nothing_is_written(nothing: DryRun, tmp_path: Path, imagenet: Path, ten: Path) -> None:
    out = tmp_path / "out"
    tried(Options(data=imagenet, out=out, networks_from=ten, networks=TWO))
    assert not out.exists()


def test_a_machine_with_weights_and_images(imagenet: Path, ten: Path, tmp_path: Path) -> None:
    options = Options(data=imagenet, out=tmp_path / "out", networks_from=ten)
    plan = tried(options)
    assert plan.ready
    assert plan.problems == ()
    assert [n.state for n in plan.networks] == ["found"] * 10
    assert all(rate > 0 for rate in plan.rates.values())
    train, val = plan.images
    assert (train.images, train.classes) == (12 * len(SYNSETS), 6)
    assert (val.images, val.classes) == (8 * len(SYNSETS), 6)
    assert stages(plan)["store features"].bytes == 4 * (12 + 8) * 6 * sum(range(8, 18))
    assert len(plan.commands) == 1
    text = shown(plan)
    assert "It can start now." in text
    assert "would be left out" not in text
    assert "1,281,095 of 1,281,167 images; the run uses those that are there" in text
    reproduce(plan_experiment("thesis", options, FakeCatalogue()), Silent())
    assert "are in the out folder already" in shown(tried(options))


def test_a_machine_with_some_of_both(imagenet: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    damaged = weights / "inception_v3.tf_in1k.safetensors"
    damaged.write_bytes(b"not weights")
    names = ("inception_v3", "inception_v4")
    options = Options(
        data=imagenet, out=tmp_path / "out", weights_dir=weights, networks=names, subset=3
    )
    plan = tried(options, FakeCatalogue(there={"inception_v3": str(damaged)}))
    assert [n.state for n in plan.networks] == ["fails", "missing"]
    assert plan.images[0].images == 3 * 6
    assert plan.images[0].whole == 3_000
    assert "--subset 3" in plan.commands[-1]
    assert not plan.ready
    assert plan.commands[-2].endswith("--dry-run")


def test_networks_that_fail_are_problems(imagenet: Path, ten: Path, tmp_path: Path) -> None:
    mapping = {n: f"onnx:{ten.parent}/{n}/model.onnx" for n in ("inception_v1", "inception_v2")}
    mapping["nasnet_large"] = "onnx:/gone/model.onnx"
    path = tmp_path / "map.yaml"
    path.write_text(yaml.safe_dump(mapping))
    plan = tried(Options(data=imagenet, out=tmp_path / "out", networks_from=path))
    states = {n.name: n.state for n in plan.networks}
    assert states["nasnet_large"] == "fails"
    assert states["resnet_v1_152"] == "missing"
    assert any("/gone/model.onnx" in problem for problem in plan.problems)
    assert "can't start yet" in shown(plan)


def test_labels_that_do_not_fit_are_problems(ten: Path, tmp_path: Path) -> None:
    data = write_imagenet(tmp_path / "flat", train=2, val=2, flat=True)
    labels = data / "val_labels.csv"
    labels.write_text("id,label\nILSVRC2012_val_00000001.JPEG,3\n")
    options = Options(data=data, out=tmp_path / "out", networks_from=ten, networks=TWO)
    plan = tried(options)
    assert any("no label for 11 of the 12 images" in problem for problem in plan.problems)
    rows = [f"ILSVRC2012_val_{i:08}.JPEG,{i % 3}" for i in range(1, 13)]
    labels.write_text("\n".join(["id,label", *rows]) + "\n")
    plan = tried(options)
    assert plan.ready
    assert (plan.images[1].images, plan.images[1].classes) == (12, 3)


def test_without_torch_networks_are_not_timed_and_it_says_so(tmp_path: Path) -> None:
    gone = MissingExtraError("it needs torch: pip install 'samefeatures[torch]'")
    options = Options(data=tmp_path, out=tmp_path / "out")
    plan = tried(options, FakeCatalogue(fails=gone), name="paper")
    assert all(map(math.isnan, plan.rates.values()))
    found = stages(plan)
    assert math.isnan(found["network inception_v4"].seconds)
    assert found["moments of the fit set"].seconds > 0
    text = shown(plan)
    assert "inception_v4 was not timed: it needs torch" in text
    assert "How long it takes is not known." in text
    assert "nan" not in text


def test_downloads_count_as_networks(imagenet: Path, tmp_path: Path) -> None:
    options = Options(data=imagenet, out=tmp_path / "out", download=True)
    plan = tried(options, name="paper")
    assert plan.ready
    assert plan.commands == (plan.commands[0],)
    assert plan.commands[0].endswith("--download")
    strict = tried(replace(options, download=False, strict=True), name="paper")
    assert not strict.ready


def test_where_no_network_is_known_there_is_no_estimate(imagenet: Path, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text("nasnet_large: onnx:/gone/model.onnx\n")
    found = tried(Options(data=imagenet, out=tmp_path / "out", networks_from=path, networks=TWO))
    assert found.plan is None
    assert "0 of 2 networks have weights" in shown(found)


def test_a_disk_that_is_short_says_what_to_do(
    imagenet: Path, ten: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samefeatures.planning.disks.free_bytes", lambda _: 10)
    found = tried(Options(data=imagenet, out=tmp_path / "out", networks_from=ten))
    assert "Choose another --out, or --subset." in " ".join(shown(found).split())


def test_a_device_that_is_not_there_is_said_first(imagenet: Path, tmp_path: Path) -> None:
    options = Options(data=imagenet, out=tmp_path / "out", device="cuda:9")
    with pytest.raises(ConfigError, match="'cuda:9' is not available"):
        tried(options)
