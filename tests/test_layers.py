"""The tree is the pipeline: a module imports only from those before it."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import samefeatures

ROOT = Path(samefeatures.__file__).parent
ORDER = (
    "errors",
    "files",
    "progress",
    "compute",
    "data",
    "networks",
    "features",
    "moments",
    "accumulators",
    "maps",
    "scores",
    "statistics",
    "study",
    "cluster",
    "thumbnails",
    "gallery",
    "report",
    "export",
    "checking",
    "hybrids",
    "demo",
    "planning",
    "reproduce",
    "cli",
)
MODULES = sorted(p for p in ROOT.rglob("*.py") if p.parent != ROOT or p.stem in ORDER)
HEAVY = (
    "torch",
    "timm",
    "torchvision",
    "datasets",
    "transformers",
    "scipy",
    "pandas",
    "sklearn",
    "matplotlib_venn",
    "statsmodels",
    "tensorflow",
    "keras",
    "jax",
    "h5py",
    "ray",
    "s3fs",
)


def layer(name: str) -> int:
    return ORDER.index(name.removeprefix("samefeatures.").split(".")[0])


def imports(path: Path) -> list[str]:
    found = []
    package = ["samefeatures", *path.relative_to(ROOT).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = ".".join(package[: -node.level]) if node.level else ""
            found.append(".".join(filter(None, [base, node.module or ""])))
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_from_those_before_it(path: Path) -> None:
    own = layer(path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."))
    for name in imports(path):
        if name.startswith("samefeatures."):
            assert layer(name) <= own, f"{path.name} imports {name}"


def test_every_module_has_a_layer() -> None:
    tops = {p.relative_to(ROOT).parts[0].removesuffix(".py") for p in ROOT.rglob("*.py")}
    assert tops - {"__init__", "__main__"} == set(ORDER)


@pytest.mark.parametrize("package", ["maps", "moments", "scores"])
def test_algebra_never_sees_an_image(package: str) -> None:
    paths = [p for p in MODULES if p.relative_to(ROOT).parts[0].removesuffix(".py") == package]
    assert paths
    for path in paths:
        assert not [n for n in imports(path) if n.startswith(("samefeatures.data", "PIL"))]


def test_report_never_sees_a_network() -> None:
    for path in (ROOT / "report").rglob("*.py"):
        seen = [n for n in imports(path) if n.startswith("samefeatures.")]
        allowed = (
            "samefeatures.errors",
            "samefeatures.report",
            "samefeatures.statistics",
            "samefeatures.study.overlap",
            "samefeatures.study.results",
        )
        assert all(n.startswith(allowed) for n in seen), (path, seen)


def test_printed_figures_are_compared_without_a_network_or_an_image() -> None:
    pure = ("published", "misprints", "figures", "medians", "thesis", "paper", "setup", "summary")
    for name in pure:
        seen = imports(ROOT / "reproduce" / f"{name}.py")
        seen = [n for n in seen if n.startswith("samefeatures.")]
        allowed = tuple(f"samefeatures.reproduce.{other}" for other in pure)
        allowed += ("samefeatures.report", "samefeatures.study.results")
        assert all(n.startswith(allowed) for n in seen), (name, seen)


def test_public_names_are_complete_and_sorted() -> None:
    assert samefeatures.__all__ == sorted(samefeatures.__all__)
    for name in samefeatures.__all__:
        assert getattr(samefeatures, name).__doc__, f"{name} has no docstring"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = samefeatures.nothing
    assert set(samefeatures.__all__) <= set(dir(samefeatures))


def test_light_modules_import_without_extras() -> None:
    """The core must run where no extra is installed."""
    code = f"""
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {HEAVY!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Wall())
import samefeatures, samefeatures.cli
for name in samefeatures.__all__:
    getattr(samefeatures, name)
assert not set({HEAVY!r}) & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_brings_nothing_heavy() -> None:
    code = """
import sys
import samefeatures, samefeatures.cli
heavy = {"numpy", "onnx", "onnxruntime", "zarr", "matplotlib", "pydantic", "jinja2", "PIL"}
print(sorted(heavy & set(sys.modules)))
"""
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"


def test_modules_are_importable() -> None:
    for name in ORDER:
        assert importlib.import_module(f"samefeatures.{name}").__doc__
