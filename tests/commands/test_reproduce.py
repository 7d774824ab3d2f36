"""``samefeatures reproduce`` as a person meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from screens import without_minutes


def call(*words: str | Path, cwd: Path, columns: int = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "samefeatures", "reproduce", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": str(columns), "SAMEFEATURES_CACHE": str(cwd / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def done(
    imagenet: Path, ten: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("cli")
    run = call(
        "thesis", "--data", imagenet, "--networks-from", ten, "--out", "out",
        "--networks", "inception_v4,resnet_v2_152,nasnet_large", "--subset", "8", cwd=folder,
    )  # fmt: skip
    return folder, run


def test_it_runs_and_prints_the_comparison(
    done: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, run = done
    assert run.returncode == 0, run.stderr
    assert without_minutes(run.stderr) == "", "quiet when not a terminal"
    for fact in (
        "Table 5.1", "Table 5.2", "Table 5.3", "0.28*", "best naive hybrid", "Medians",
        "inception_v1: not asked for", "What differs in the set-up", "Misprint in Table 5.2",
    ):  # fmt: skip
        assert fact in run.stdout, fact
    assert (folder / "out" / "comparison" / "comparison.json").exists()


def test_the_study_that_it_leaves_can_be_run_by_itself(
    done: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, run = done
    assert run.returncode == 0, run.stderr
    before = (folder / "out" / "results.csv").read_bytes()
    again = subprocess.run(
        [sys.executable, "-m", "samefeatures", "score", "study.yaml", "--out", "."],
        cwd=folder / "out", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert (folder / "out" / "results.csv").read_bytes() == before


def test_a_dry_run(imagenet: Path, ten: Path, tmp_path: Path) -> None:
    words = ("--data", imagenet, "--networks-from", ten, "--out", "out", "--dry-run")
    run = call("paper", *words, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "It can start now." in run.stdout
    assert "samefeatures reproduce paper --data" in run.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--data", "nowhere"), "There is no folder at"),
        (("--data", "nowhere", "--networks", "nasnet"), "Did you mean 'nasnet_large'?"),
        (("--data", "nowhere", "--crop", "inception_v4"), "write NAME=PIXELS"),
        (("--data", "nowhere", "--strict"), "There is no folder at"),
    ],
)
def test_errors_are_one_line(words: tuple[str, ...], says: str, ten: Path, tmp_path: Path) -> None:
    mapped = () if "--crop" in words else ("--networks-from", ten)
    run = call("thesis", *words, *mapped, cwd=tmp_path)
    assert run.returncode == 1
    assert says in run.stderr
    assert run.stderr.count("\n") == 1
    assert "Traceback" not in run.stderr


def test_a_document_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    run = call("book", "--data", "nowhere", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stderr == (
        "Error: There is no document 'book' to reproduce. There are: thesis, paper.\n"
    )


def test_help_names_both(tmp_path: Path) -> None:
    run = call("--help", cwd=tmp_path)
    assert run.returncode == 0
    assert "thesis" in run.stdout
    assert "paper" in run.stdout
