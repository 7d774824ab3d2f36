"""Damaged files of every kind: a sample of what ``python -m benchmarks.fuzz`` does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import pages
from benchmarks.fuzz import outcome_of
from benchmarks.fuzz_mutations import flips, mutations
from benchmarks.fuzz_targets import TARGETS
from benchmarks.fuzz_users import Target

from samefeatures.base.errors import ConfigError

PROJECT = Path(__file__).parents[1]
CASES = 2000


def test_no_damage_is_a_traceback_or_another_result() -> None:
    """In a process of its own, for native code may end it."""
    places = [str(PROJECT / "src"), str(PROJECT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, "-m", "benchmarks.fuzz", "--sample", str(CASES)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    count, *wrong = done.stdout.splitlines()
    assert [line for line in wrong if line] == []
    assert done.returncode == 0, done.stderr
    assert int(count.split()[0]) > 0.9 * CASES


def test_every_bit_is_turned_over_once() -> None:
    whole = b"ab"
    found = list(flips(whole, 100))
    assert len(set(found)) == 16
    assert all(sum((a ^ b).bit_count() for a, b in zip(x, whole, strict=True)) == 1 for x in found)
    assert len(list(flips(bytes(1000), 100))) <= 100


def test_mutations_are_the_same_for_the_same_seed() -> None:
    whole = b'{"a": [1, 2]}'
    first, again, other = (list(mutations(whole, 50, seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert first[0] is None
    assert len(set(first)) > 40


def read_wrongly(folder: Path) -> object:
    raise {"k": KeyError("k"), "c": ConfigError("a\nb"), "m": MemoryError()}[folder.name]


@pytest.mark.parametrize(
    ("name", "outcome"), [("k", "traceback"), ("c", "refused"), ("m", "memory")]
)
def test_what_is_wrong_is_seen(name: str, outcome: str) -> None:
    """Or the sample above would prove nothing."""
    target = Target(what="x", make=lambda _: [], read=read_wrongly, ours=True)
    assert outcome_of(target, Path(name), "")[0] == outcome


def test_another_result_is_wrong_of_our_files_alone() -> None:
    for ours, outcome in ((True, "other result"), (False, "read")):
        target = Target(what="x", make=lambda _: [], read=lambda _: 3, ours=ours)
        assert outcome_of(target, Path(), "4")[0] == outcome
        assert outcome_of(target, Path(), "3")[0] == "same"


def test_the_table_has_a_row_for_every_kind() -> None:
    record = pages.kept("fuzz")
    rows = pages.damage(record).splitlines()
    kinds = [kind["what"] for kind in record["kinds"]]
    assert [row.split("|")[1].strip() for row in rows[2:-1]] == kinds
    assert kinds == [target.what for target in TARGETS], "python -m benchmarks.fuzz --go-on"
