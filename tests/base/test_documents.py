"""YAML and JSON: what is said twice, or would be read as something else, is refused."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from samefeatures.base import documents
from samefeatures.base.documents import parse_json, parse_yaml, read_json, read_yaml
from samefeatures.base.errors import FileError, NoFileError

SOUND = """
# a comment
title: "off"
networks: [mini:lenet, {load: 'npz:a.npz', name: "2024-01-02"}]
more: &more {a: 1, b: [1.5, true, ~, 2024-01-02]}
again: {<<: *more, a: 2}
text: |
  two
  lines
"""


def test_what_is_sound_is_read_as_pyyaml_reads_it() -> None:
    assert parse_yaml(SOUND) == yaml.safe_load(SOUND)
    assert parse_yaml("") is None


@pytest.mark.parametrize(
    "text",
    [
        "b: &b {a: 1}\nin: {m: &m {<<: *b, a: 2}}\nt: {<<: *m, a: 3}",
        "b: &b {a: 1}\nin: [&m {<<: *b, a: 2}]\nt: {<<: *m}\nu: {<<: *m}",
        "a: &a {x: 1}\nb: &b {<<: *a, x: 2, y: 1}\nc: {<<: [*b, *a], y: 3}",
    ],
)
def test_merges_of_merges_may_say_again_what_is_merged_in(text: str) -> None:
    assert parse_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("a: 1\nb: 2\na: 3", "a", 3),
        ("a: 1\n'a': 1", "a", 2),
        ("x:\n  y: {limit: 3, limit: 3}", "limit", 2),
        ("- 1\n- k: 1\n  k: 1", "k", 3),
        ("a: &m {x: 1}\nb: {<<: *m, <<: *m}", "<<", 2),
        ("? a\n: 1\n? a\n: 2", "a", 3),
    ],
)
def test_a_key_twice_is_named_with_its_line(text: str, key: str, line: int) -> None:
    with pytest.raises(FileError, match=rf"line {line}: the key '{key}' stands twice"):
        parse_yaml(text)


@pytest.mark.parametrize("word", ["off", "yes", "True", "1", "0x1f", "1.5", "2024-01-02", "~", ""])
def test_keys_that_yaml_does_not_take_for_text(word: str) -> None:
    with pytest.raises(FileError, match=r"line 2: the key .* is read as .*quotes"):
        parse_yaml(f"a: 1\n? {word}\n: 2")


@pytest.mark.parametrize(
    ("value", "base"),
    [("010", "eights"), ("-017", "eights"), ("0_7", "eights"), ("1:30", "sixties"),
     ("12:30:45", "sixties"), ("1:30.5", "sixties")],
)  # fmt: skip
def test_numbers_in_eights_and_sixties_are_refused(value: str, base: str) -> None:
    """Who writes 010 means ten; YAML reads eight."""
    says = f"^line 2: '{value}' is a number that YAML counts in {base}"
    with pytest.raises(FileError, match=says):
        parse_yaml(f"a: 1\nb: [{value}]")
    assert parse_yaml(f"a: '{value}'") == {"a": value}


def test_other_numbers_stay_numbers() -> None:
    text = "[0, -0, 10, 1_000, 0x10, 0b11, 0.5, 00.5, 09, 1.0e-5]"
    assert parse_yaml(text) == [0, 0, 10, 1000, 16, 3, 0.5, 0.5, "09", 1e-5]


@pytest.mark.parametrize(
    "value",
    ["2024-13-45", "2024-02-30T25:00:00Z", "0x_", "0b_", "1" * 5000, "!!int zz", "!!float x",
     "!!timestamp x", "!!bool perhaps"],
)  # fmt: skip
def test_values_that_are_none_of_their_kind(value: str) -> None:
    with pytest.raises(FileError, match=r"line 2: ") as caught:
        parse_yaml(f"a: 1\nb: {value}")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text",
    ["!!python/object/apply:os.system [ls]", "!mine 3", "!!set {a}\n!!x y", "a: [", "\t- a",
     "a: b: c",
     "--- 1\n--- 2", "*none", "a: '\x00'", "%YAML 9.9\n--- 1\n", "{a: 1}}", "!!omap 3", "{[a]: 1}",
     "=: 1", "<<: 3"],
)  # fmt: skip
def test_what_is_no_yaml_of_plain_values(text: str) -> None:
    with pytest.raises(FileError) as caught:
        parse_yaml(text)
    assert "\n" not in str(caught.value)


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (laughs(9), "unfolds to more than"),
        ("a: &a [*a]", "leads back"),
        ("a: &a {b: {c: *a}}", "leads back"),
        ("[" * 1000 + "]" * 1000, "levels deep"),
        ("[" * 500_000, "levels deep"),
        ("{a: " * 1000, "levels deep"),
        ("\n".join(" " * k + "- " for k in range(200)) + "x", "levels deep"),
    ],
)
def test_yaml_is_bounded(text: str, says: str) -> None:
    start = time.monotonic()
    with pytest.raises(FileError, match=says):
        parse_yaml(text)
    assert time.monotonic() - start < 5


def test_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("# " + "x" * documents.YAML_BYTES)
    with pytest.raises(FileError, match="larger than 1 MiB"):
        read_yaml(tmp_path / "x")
    monkeypatch.setattr(documents, "JSON_BYTES", 10)
    with pytest.raises(FileError, match="larger than"):
        read_json(tmp_path / "x")


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_what_is_no_file(tmp_path: Path, read: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(FileError, match="no regular file"):
            read(place)
    for place in (tmp_path / "none", tmp_path / "x" / "y"):
        with pytest.raises(NoFileError):
            read(place)
    with pytest.raises(FileError, match="null"):
        read(Path("a\0b"))
    (tmp_path / "latin").write_bytes(b'"\xe9"')
    with pytest.raises(FileError, match="utf-8"):
        read(tmp_path / "latin")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 1}', "'a' stands twice"),
        ('[{"x": {"k": 1, "k": 2}}]', "'k' stands twice"),
        ("[NaN]", "no finite number"),
        ('{"a": -Infinity}', "no finite number"),
        ("1e999", "no finite number"),
        ("[" * 100_000, "too deeply"),
        ('{"a":' * 100_000, "too deeply"),
        ("1" * 5000, "digits"),
        ("", "Expecting value"),
        ("{'a': 1}", "Expecting"),
        ("[1] 2", "Extra data"),
    ],
)
def test_json_is_strict_and_bounded(text: str, says: str) -> None:
    with pytest.raises(FileError, match=says) as caught:
        parse_json(text)
    assert "\n" not in str(caught.value)


def test_json_of_ours_may_hold_nan() -> None:
    assert json.dumps(parse_json('{"a": [NaN, -Infinity]}', finite=False)) == (
        '{"a": [NaN, -Infinity]}'
    )
    assert parse_json('\ufeff{"a": 1.5}'.encode()) == {"a": 1.5}
