"""What would be uploaded: versions and dates agree, both files are whole, and an index shows it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import date
from email import message_from_bytes
from email.message import Message
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from markdown_it import MarkdownIt

import samefeatures as sf
from once import make_once

PROJECT = Path(__file__).parents[1]
VERSION = sf.__version__
SDIST, WHEEL = f"samefeatures-{VERSION}.tar.gz", f"samefeatures-{VERSION}-py3-none-any.whl"
CITED = yaml.safe_load((PROJECT / "CITATION.cff").read_text())


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both files; the wheel is built out of the source distribution."""

    def make(folder: Path) -> None:
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, PROJECT]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return make_once(tmp_path_factory, "dist", make)


@pytest.fixture(scope="module")
def inside(dist: Path) -> dict[str, int]:
    """Sizes of the source distribution's files by their paths."""
    with tarfile.open(dist / SDIST) as archive:
        return {m.name.split("/", 1)[1]: m.size for m in archive.getmembers() if m.isfile()}


@pytest.fixture(scope="module")
def metadata(dist: Path) -> Message:
    with zipfile.ZipFile(dist / WHEEL) as archive:
        return message_from_bytes(archive.read(f"samefeatures-{VERSION}.dist-info/METADATA"))


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    import importlib.util

    spec = importlib.util.spec_from_file_location("index", PROJECT / "scripts" / "index_readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Targets(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for key, value in attrs if key in {"href", "src"}]


def test_the_changelog_is_of_this_version_and_dated() -> None:
    heads = re.findall(r"^## (\S+) \((.*)\)$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == (VERSION, str(CITED["date-released"]))
    dates = [date.fromisoformat(day) for _, day in heads]
    assert dates == sorted(dates, reverse=True)


def test_the_citation_has_what_the_format_asks_for() -> None:
    """CFF 1.2.0: fields that must be there, of these types, and no others."""
    assert {"cff-version", "message", "title", "authors"} <= set(CITED)
    assert (CITED["cff-version"], CITED["version"]) == ("1.2.0", VERSION)
    assert isinstance(CITED["date-released"], str)
    works = [CITED, *CITED["references"]]
    for work in works:
        assert all("name" in who or "family-names" in who for who in work["authors"])
        assert isinstance(work["title"], str)
    assert [work["type"] for work in works] == ["software", "article", "thesis"]


def test_twine_takes_both_files(dist: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", dist / SDIST, dist / WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_an_index_can_show_the_readme(metadata: Message) -> None:
    text = metadata.get_payload()
    assert isinstance(text, str)
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "Do two pretrained image classifiers" in html
    targets = Targets(html).found
    assert [t for t in targets if not t.startswith(("https://", "mailto:"))] == []
    # What is written in place of links is in the source distribution.
    for path in re.findall(r"\(`([^`]*)`\)", text):
        assert (PROJECT / path).exists(), path


def test_links_lead_to_the_repository_once_it_has_an_address(hook: ModuleType) -> None:
    page = "[a](docs/a.md#b), ![f](f.png), [c](https://c.org), [d](#d)\n"
    assert hook.for_index(page, "https://host/us/it/") == (
        "[a](https://host/us/it/blob/main/docs/a.md#b), ![f](https://host/us/it/raw/main/f.png), "
        "[c](https://c.org), [d](#d)\n"
    )


def test_metadata_says_what_it_is(metadata: Message) -> None:
    assert metadata["Name"] == "samefeatures"
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert set(metadata.get_all("License-File", [])) == {"LICENSE", "NOTICE.md"}


def test_the_source_distribution_is_the_repository(inside: dict[str, int]) -> None:
    """Whoever has it can build, test and document it: docs and tests are in it."""
    if not (PROJECT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    tracked = {name for name in listed.stdout.split("\0") if name and (PROJECT / name).is_file()}
    assert {n for n in tracked - set(inside) if not n.startswith(".ci/")} == set()
    assert set(inside) - tracked <= {"PKG-INFO"} | untracked()
    assert sum(inside.values()) < 40e6


def untracked() -> set[str]:
    """What a checkout has that is not committed yet."""
    command = ["git", "ls-files", "-z", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return set(done.stdout.split("\0"))


def test_the_wheel_is_the_package_alone(dist: Path) -> None:
    with zipfile.ZipFile(dist / WHEEL) as archive:
        names = set(archive.namelist())
    folders = {"samefeatures": "src", "samefeatures_training": "training"}
    assert {name.split("/")[0] for name in names} == {*folders, f"samefeatures-{VERSION}.dist-info"}
    for package, home in folders.items():
        there = {
            path.relative_to(PROJECT / home).as_posix()
            for path in (PROJECT / home / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert there == {name for name in names if name.startswith(f"{package}/")}
    assert {"samefeatures/py.typed", "samefeatures/__init__.pyi"} <= names


def test_the_wheel_runs_from_itself(dist: Path, tmp_path: Path) -> None:
    """Unpacked, without the tree: every public name is there."""
    with zipfile.ZipFile(dist / WHEEL) as archive:
        archive.extractall(tmp_path)
    code = "import samefeatures as s; assert [getattr(s, n) for n in s.__all__]; print(s.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
