"""The tree is the pipeline: a module imports only from those before it."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import samefeatures
import samefeatures_training

ROOT = Path(samefeatures.__file__).parent
ORDER = (
    "base",
    "algebra",
    "images",
    "networks",
    "features",
    "joint",
    "maps",
    "similarity",
    "sklearn",
    "scores",
    "study",
    "cluster",
    "gallery",
    "report",
    "export",
    "planning",
    "reproduce",
    "commands",
)
"""The pipeline; a module imports only from its own package and from those before it."""
PURE = ("algebra", "joint", "maps", "similarity", "scores")


def modules(root: Path) -> dict[str, Path]:
    """Those of the package in a folder, by their full names."""
    return {
        ".".join(p.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__"): p
        for p in sorted(root.rglob("*.py"))
    }


MODULES = modules(ROOT)
TRAINING = modules(Path(samefeatures_training.__file__).parent)
HEAVY = (
    "torch",
    "timm",
    "torchvision",
    "datasets",
    "transformers",
    "pandas",
    "sklearn",
    "statsmodels",
    "tensorflow",
    "keras",
    "jax",
    "h5py",
    "ray",
    "s3fs",
)


def package(module: str) -> str:
    """``maps`` of ``samefeatures.maps.ols``; empty for the package itself."""
    return module.removeprefix("samefeatures").removeprefix(".").split(".")[0]


def imported(module: str, *, lazy: bool = True) -> set[str]:
    """Modules that a module imports, at its top or (if ``lazy``) anywhere, as full names.

    ``from samefeatures import x`` counts as the package where it finds no module.
    """
    path = (MODULES | TRAINING)[module]
    home = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if lazy else iter(_on_import(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = home.split(".")[: len(home.split(".")) - node.level + 1]
                base = ".".join([*up, *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in MODULES else base)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found - {module}


def _on_import(tree: ast.Module) -> list[ast.stmt]:
    """Statements that run when a module is imported."""
    out: list[ast.stmt] = []
    todo = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.If | ast.Try):
            todo += [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt)]
        out.append(node)
    return out


def own(names: set[str]) -> set[str]:
    """Those of this project."""
    return {name for name in names if name.split(".")[0] == "samefeatures"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_from_those_before_it(module: str) -> None:
    mine = package(module)
    for name in own(imported(module)):
        assert name != "samefeatures" or mine in ("", "__main__"), f"{module} imports the package"
        if mine not in ("", "__main__"):
            assert ORDER.index(package(name)) <= ORDER.index(mine), f"{module} imports {name}"


def test_no_import_goes_in_a_circle() -> None:
    """Not even by way of imports inside functions or for types alone."""
    graph = {module: own(imported(module)) & set(MODULES) for module in MODULES}
    graph["samefeatures"] = set()  # its names load on first use, from everywhere
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(reversed(error.args[1]))}")


def test_every_module_has_a_layer() -> None:
    assert {package(m) for m in MODULES} - {"", "__main__"} == set(ORDER)


def test_training_is_named_by_its_command_alone() -> None:
    naming = {m for m, path in MODULES.items() if "samefeatures_training" in path.read_text()}
    assert naming == {"samefeatures.commands.miniatures"}


@pytest.mark.parametrize("module", sorted(TRAINING))
def test_training_stands_on_networks(module: str) -> None:
    before = ORDER[: ORDER.index("networks") + 1]
    assert {package(name) for name in own(imported(module))} <= set(before)


@pytest.mark.parametrize("module", [m for m in MODULES if package(m) in PURE])
def test_algebra_never_sees_an_image(module: str) -> None:
    seen = imported(module)
    assert not [n for n in seen if n.startswith(("samefeatures.images", "PIL"))]


REPORTED = (
    "samefeatures.base",
    "samefeatures.report",
    "samefeatures.scores.follows",
    "samefeatures.scores.intervals",
    "samefeatures.scores.medians",
    "samefeatures.scores.paired",
    "samefeatures.scores.overlap",
    "samefeatures.scores.ranking",
    "samefeatures.study.results",
)


@pytest.mark.parametrize("module", [m for m in MODULES if package(m) == "report"])
def test_report_never_sees_a_network(module: str) -> None:
    assert all(name.startswith(REPORTED) for name in own(imported(module)))


def test_printed_figures_are_compared_without_a_network_or_an_image() -> None:
    pure = (
        "answers",
        "published",
        "misprints",
        "figures",
        "medians",
        "thesis",
        "paper",
        "setup",
        "summary",
    )
    for name in pure:
        seen = own(imported(f"samefeatures.reproduce.{name}"))
        allowed = tuple(f"samefeatures.reproduce.{other}" for other in pure)
        allowed += ("samefeatures.base", "samefeatures.report", "samefeatures.study.results")
        allowed += ("samefeatures.scores.medians",)
        assert all(n.startswith(allowed) for n in seen), (name, seen)


def test_public_names_are_complete_and_sorted() -> None:
    stub = ast.parse((ROOT / "__init__.pyi").read_text())
    stated = [a.asname for n in stub.body if isinstance(n, ast.ImportFrom) for a in n.names]
    assert samefeatures.__all__ == sorted(set(stated) - {"__version__"})
    for name in samefeatures.__all__:
        assert getattr(samefeatures, name).__doc__, f"{name} has no docstring"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = samefeatures.nothing
    assert set(samefeatures.__all__) <= set(dir(samefeatures))


def test_a_misspelt_public_name_gets_the_nearest() -> None:
    code = [sys.executable, "-c", "import samefeatures; samefeatures.extrakt"]
    said = subprocess.run(code, check=False, capture_output=True, text=True).stderr
    assert "has no attribute 'extrakt'. Did you mean: 'extract'?" in said


def test_light_modules_import_without_extras() -> None:
    """The core must run where no extra is installed."""
    code = f"""
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {HEAVY!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Wall())
import samefeatures, samefeatures.commands.app
for name in samefeatures.__all__:
    getattr(samefeatures, name)
assert not set({HEAVY!r}) & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_brings_nothing_heavy() -> None:
    code = """
import sys
import samefeatures, samefeatures.commands.app
heavy = {
    "numpy", "scipy", "onnx", "onnxruntime", "zarr", "matplotlib", "matplotlib_venn", "pydantic",
    "jinja2", "PIL",
}
print(sorted(heavy & set(sys.modules)))
"""
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"


def test_scipy_is_imported_where_it_is_used() -> None:
    """A finished study that is run again needs little of it, and half a second counts there."""
    code = "import samefeatures.study.study, sys; sys.exit('scipy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_training_is_not_loaded_by_help_or_by_a_miniature() -> None:
    code = """
import sys
from typer.testing import CliRunner
import samefeatures, samefeatures.commands.app
for words in (["--help"], ["miniatures", "--help"], ["miniatures", "train", "--help"]):
    assert CliRunner().invoke(samefeatures.commands.app.app, words).exit_code == 0
samefeatures.load("mini:nasnet")
print([m for m in sys.modules if m.split(".")[0] in ("samefeatures_training", "torch")])
"""
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"


def test_modules_are_importable() -> None:
    for name in ORDER:
        assert importlib.import_module(f"samefeatures.{name}").__doc__


ARRAYS = re.compile(r"\b(NDArray|ndarray|Float32|Float64|Int32|Int64|Bool)\b")
SIZE = r"(?:Σ )?[\w.…·²]+(?: ?[+*/·×−-] ?[\w.…·²]+)*"
SHAPE = re.compile(rf"\((?:[^(),]+, )*[^(),]+,(?: {SIZE})?\)|\(…\)")
"""A shape in a docstring; ``(…)`` is any."""


def public_functions(body: list[ast.stmt], home: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods without a leading underscore, by their full names."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, f"{home}.{node.name}")
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{home}.{node.name}", node


def mentions_arrays(function: ast.FunctionDef, aliases: set[str]) -> bool:
    """Whether an argument or what is returned is annotated as an array, or as holding some."""
    given = [node.annotation for node in ast.walk(function.args) if isinstance(node, ast.arg)]
    said = " ".join(ast.unparse(each) for each in (*given, function.returns) if each)
    return bool(ARRAYS.search(said) or aliases & set(re.findall(r"\w+", said)))


def test_what_counts_as_a_shape() -> None:
    for text in (
        "(n,)",
        "(n, d)",
        "(r, Σ classes)",
        "(images · views, d)",
        "(d_B, d_A + 1)",
        "(…)",
    ):
        assert SHAPE.search(f"Rows {text} of it."), text
    for text in ("(thesis, Table 5.2)", "(n)", "f(x)", "(a, which is b)"):
        assert not SHAPE.search(f"Rows {text} of it."), text


def test_functions_of_arrays_say_their_shapes() -> None:
    silent = []
    for module, path in (MODULES | TRAINING).items():
        tree = ast.parse(path.read_text())
        aliases = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign) and ARRAYS.search(ast.unparse(node.value))
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        silent += [
            name
            for name, function in public_functions(tree.body, module)
            if mentions_arrays(function, aliases)
            and not SHAPE.search(ast.get_docstring(function) or "")
        ]
    assert not silent, "no shape, such as (n, d), in the docstring of:\n" + "\n".join(silent)


def test_test_files_have_names_of_their_own() -> None:
    """Without packages, pytest can't tell two modules of one name apart."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)
