"""Source strings."""

from __future__ import annotations

from pathlib import Path

import pytest

from samefeatures.base.errors import NetworkError
from samefeatures.networks.kinds import KINDS
from samefeatures.networks.source import anchored, parse_source, resolve_path


def test_the_parts_of_a_source() -> None:
    source = parse_source("torchvision:resnet18?checkpoint=a/b.pth&weights=IMAGENET1K_V1")
    assert (source.kind, source.rest) == (KINDS["torchvision"], "resnet18")
    assert source.query == {"checkpoint": "a/b.pth", "weights": "IMAGENET1K_V1"}
    assert parse_source("python:package.module:make").rest == "package.module:make"
    assert parse_source("timm:hf-hub:timm/resnet18.a1_in1k").rest == "hf-hub:timm/resnet18.a1_in1k"


@pytest.mark.parametrize(
    ("text", "rest", "query"),
    [
        ("onnx:what?/a&b.onnx", "what?/a&b.onnx", {}),
        ("onnx:what?.onnx?output=y", "what?.onnx", {"output": "y"}),
        ("timm:x?checkpoint=R&D/w?.pth", "x", {"checkpoint": "R&D/w?.pth"}),
        (
            "torchvision:x?checkpoint=R&D/w.pth&weights=W",
            "x",
            {"checkpoint": "R&D/w.pth", "weights": "W"},
        ),
    ],
)
def test_paths_may_hold_what_queries_are_made_of(
    text: str, rest: str, query: dict[str, str]
) -> None:
    source = parse_source(text)
    assert (source.rest, source.query) == (rest, query)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timn:resnet18", "unknown kind 'timn'.*Did you mean 'timm'.*mini:.*npz:"),
        (
            "resnet18",
            "no kind.*There are: mini:, timm:, .*hf:, python:, slim:, thesis:, onnx:, npz:, keras:",
        ),
        *(
            (f"runs/best{end}", r"no kind.* of weights does not say .*NAME\?checkpoint=PATH")
            for end in (".pt", ".PTH", ".ckpt", ".safetensors", ".pth.tar")
        ),
        ("timm:", "names nothing"),
        ("timm:resnet18?chekpoint=a", "unknown option 'chekpoint'.*Did you mean 'checkpoint'"),
        ("npz:a.npz?checkpoint=b", "unknown option 'checkpoint'. npz: takes background"),
        ("timm:resnet18?checkpoint=", "has no value"),
        ("timm:resnet18?checkpoint", "has no value"),
        ("timm:resnet18?pretrained", "unknown option 'pretrained'"),
        ("timm:resnet18?checkpoint=a&&", "unknown option ''"),
        ("timm:resnet18?checkpoint=a&pretrained", "unknown option 'pretrained'"),
        ("timm:resnet18?checkpoint=a&checkpoint=b", "given twice"),
    ],
)
def test_a_wrong_source_is_refused_with_a_remedy(text: str, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        parse_source(text)


def test_paths_start_at_the_base(tmp_path: Path) -> None:
    assert resolve_path("a/b.onnx", tmp_path) == tmp_path / "a/b.onnx"
    assert resolve_path("a/b.onnx", None) == Path("a/b.onnx")
    assert resolve_path(str(tmp_path / "c"), Path("elsewhere")) == tmp_path / "c"


def test_anchored_sources_have_absolute_paths(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert anchored("onnx:a/b.onnx?output=y", tmp_path) == f"onnx:{tmp_path}/a/b.onnx?output=y"
    for source in ("slim:inception_v1?checkpoint=m.ckpt", "timm:resnet18?checkpoint=m.ckpt"):
        assert anchored(source, tmp_path) == source.replace("m.ckpt", f"{tmp_path}/m.ckpt")
    assert anchored("keras:m.keras", tmp_path) == f"keras:{tmp_path}/m.keras"
    assert anchored("hf:folder", tmp_path) == f"hf:{tmp_path}/folder"
    for unchanged in ("hf:owner/name", "keras:ResNet50", "mini:nasnet", "npz:/a/b.npz"):
        assert anchored(unchanged, tmp_path) == unchanged
