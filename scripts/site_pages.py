"""Hooks of MkDocs: the site has the repository's own paths, and a reference made of docstrings.

A link that leads somewhere in the repository leads there on the site, too. The reference has a page
for each folder of the package that a public name comes from; what it says are the docstrings of the
folder and of the names.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
BESIDE_DOCS = (
    "*.md",
    "LICENSE",
    "examples/**/README.md",
    "examples/**/*.yaml",
    "examples/**/*.py",
    "examples/**/*.sh",
    "examples/**/*.ipynb",
    "benchmarks/results/*.json",
)
"""What pages of docs/ may link to, beside each other."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    config.mdx_configs["toc"]["slugify"] = anchor
    reference = next(part["Reference"] for part in config.nav if "Reference" in part)
    (place,) = (i for i, entry in enumerate(reference) if "Public names" in entry)
    pages = [{title(folder): f"reference/{folder}.md"} for folder in public_names()]
    reference[place] = {"Public names": pages}
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for file in list(files):
        if file.src_dir == config.docs_dir:
            files.remove(file)
            files.append(_file(config, f"docs/{file.src_uri}", Path(file.abs_src_path)))
    for pattern in BESIDE_DOCS:
        for path in sorted(ROOT.glob(pattern)):
            files.append(_file(config, path.relative_to(ROOT).as_posix(), path))
    for folder, names in public_names().items():
        page = reference_page(folder, names)
        files.append(File.generated(config, f"reference/{folder}.md", content=page))
    files.append(File.generated(config, "reference/commands.md", content=commands_page()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    if page.file.src_uri.endswith("/tables.md"):  # numbers, which nobody searches for
        page.meta["search"] = {"exclude": True}
    return linked(markdown)


def linked(markdown: str) -> str:
    """With `sf.NAME` leading to the reference, but in blocks of code; a wrong name is an error."""
    prose = re.split(r"(^ *```.*?^ *```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    prose[::2] = [
        re.sub(r"(?<!\[)`sf\.([\w.]+)([^`\n]*)`", r"[`sf.\1\2`][samefeatures.\1]", part)
        for part in prose[::2]
    ]
    return "".join(prose)


def anchor(heading: str, separator: str) -> str:
    """The anchor that code hosts give a heading, so that links hold in both places."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", separator)


def public_names() -> dict[str, list[str]]:
    """The public names by the folder of the package that they come from, in the stub's order."""
    stub = (ROOT / "src" / "samefeatures" / "__init__.pyi").read_text(encoding="utf-8")
    found = defaultdict(list)
    for folder, name in re.findall(r"^from samefeatures\.(\w+)\S* import (\w+) as \2$", stub, re.M):
        if name != "__version__":
            found[folder].append(name)
    return dict(found)


def title(folder: str) -> str:
    return "Errors and progress" if folder == "base" else folder.capitalize()


def reference_page(folder: str, names: list[str]) -> str:
    says = importlib.import_module(f"samefeatures.{folder}").__doc__ or ""
    lines = [f"# {title(folder)}", says]
    if folder == "base":
        lines.append("::: samefeatures.base.errors\n    options: {show_root_heading: false}")
    lines += [f"::: samefeatures.{name}" for name in names if name != "SamefeaturesError"]
    return "\n\n".join(lines) + "\n"


def commands_page() -> str:
    """What ``--help`` says of every command, as Typer writes it down."""
    command = [sys.executable, "-m", "typer", "samefeatures.commands.app", "utils", "docs"]
    command += ["--name", "samefeatures", "--title", "Commands"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _file(config: MkDocsConfig, uri: str, path: Path) -> File:
    return File.generated(config, uri, abs_src_path=str(path))
