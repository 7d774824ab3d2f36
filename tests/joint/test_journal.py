"""How far a pass has come: places of rows, and what is forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from samefeatures.base.errors import FileError
from samefeatures.joint.journal import Journal, Layout, Position, _Kept

LAYOUT = [(3, 10), (2, 5)]


def journal() -> Journal:
    """All of the first part and one chunk of the second: 10 + 8 + 0 + 4 readable rows."""
    out = Journal.empty(LAYOUT)
    out.note(0, 0, 10, {})
    out.note(0, 1, 8, {"x.jpg": "cut short", "y.jpg": "empty"})
    out.note(0, 2, 0, {"z.jpg": "empty"})
    out.note(1, 0, 4, {"w.jpg": "odd"})
    return out


def test_what_is_noted_is_told() -> None:
    found = journal()
    assert (found.rows, found.is_whole) == (22, False)
    assert found.counts == [[10, 8, 0], [4]]
    first = {"x.jpg": "cut short", "y.jpg": "empty", "z.jpg": "empty"}
    assert found.left_out == [first, {"w.jpg": "odd"}]
    found.note(1, 1, 5, {})
    assert (found.rows, found.is_whole) == (27, True)
    empty = Journal.empty(LAYOUT)
    assert (empty.rows, empty.left_out, empty.is_whole) == (0, [{}, {}], False)


@pytest.mark.parametrize(
    ("n", "place"),
    [
        (0, (0, 0, 0)),
        (9, (0, 0, 9)),
        (10, (0, 1, 0)),
        (17, (0, 1, 7)),
        (18, (1, 0, 0)),  # a chunk without readable rows holds none
        (21, (1, 0, 3)),
        (22, (1, 1, 0)),  # the next
        (23, None),
    ],
)
def test_where_a_row_lies(n: int, place: tuple[int, int, int] | None) -> None:
    assert journal().position(n) == (None if place is None else Position(*place))


def test_the_next_chunk_is_of_the_first_part_that_lacks_one() -> None:
    found = Journal.empty([(3, 10), (2, 5)])
    for chunk in range(2):
        found.note(0, chunk, 10, {})
    assert found.position(20) == Position(0, 2, 0)
    found.note(0, 2, 10, {})
    assert found.position(30) == Position(1, 0, 0)
    with pytest.raises(ValueError, match="longer"):
        Journal(LAYOUT, [[10, 8, 0]], [{}, {}]).position(18)


def test_after_the_last_chunk_comes_the_end() -> None:
    found = journal()
    found.note(1, 1, 5, {})
    assert found.position(27) == Position(2, 0, 0)
    assert Journal.empty(LAYOUT).position(0) == Position(0, 0, 0)


@pytest.mark.parametrize(
    ("place", "counts", "left_out"),
    [
        ((0, 0, 3), [[], []], [[], []]),
        ((0, 1, 0), [[10], []], [[], []]),
        ((0, 2, 0), [[10, 8], []], [["x.jpg", "y.jpg"], []]),
        ((1, 0, 0), [[10, 8, 0], []], [["x.jpg", "y.jpg", "z.jpg"], []]),
        ((1, 1, 0), [[10, 8, 0], [4]], [["x.jpg", "y.jpg", "z.jpg"], ["w.jpg"]]),
    ],
)
def test_from_a_place_on_all_is_forgotten(
    place: tuple[int, int, int], counts: list[list[int]], left_out: list[list[str]]
) -> None:
    for whole in (False, True):
        found = journal()
        if whole:
            found.note(1, 1, 5, {"v.jpg": "empty"})
        found.forget_after(Position(*place))
        assert found.counts == counts
        assert [list(part) for part in found.left_out] == left_out


def test_it_is_written_and_read_for_its_own_layout_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    journal().save(path)
    found = Journal.read(path, LAYOUT)
    assert found is not None
    assert (found.layout, found.counts) == (LAYOUT, journal().counts)
    assert found.left_out == journal().left_out
    assert Journal.read(path, [(3, 10), (2, 6)]) is None
    assert Journal.read(tmp_path / "none.json", LAYOUT) is None
    for text in ("{", "[]", "{}", '{"layout": [], "counts": []}'):
        path.write_text(text)
        assert Journal.read(path, LAYOUT) is None


def kept(
    layout: Layout = LAYOUT,
    counts: Sequence[Sequence[int]] = ((), ()),
    left_out: Sequence[Mapping[str, dict[str, str]]] = ({}, {}),
) -> _Kept:
    return _Kept(
        layout=tuple(layout), counts=tuple(tuple(part) for part in counts), left_out=tuple(left_out)
    )


ODD = {"x.jpg": "empty"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"layout": [(3, 10)]},
        {"counts": [[10]]},
        {"left_out": [{}]},
        {"left_out": [{}, {}, {}]},
        {"counts": [[10, -1], []]},
        {"counts": [[-3], [4]]},
        {"counts": [[10, 8, 0, 1], []]},  # more chunks than there are
        {"layout": [(3, 10), (2, 0)]},  # no images in one
        {"left_out": [{"0": ODD}, {}]},  # of a chunk that was not read
        {"counts": [[10], []], "left_out": [{"1": ODD}, {}]},
        {"counts": [[10], []], "left_out": [{"0": ODD, "7": ODD}, {}]},
        {"counts": [[10], []], "left_out": [{"first": ODD}, {}]},
        {"counts": [[10], []], "left_out": [{"-1": ODD}, {}]},
    ],
)
def test_a_journal_counts_no_chunks_that_there_are_not(wrong: dict[str, Any]) -> None:
    with pytest.raises(FileError):
        kept(**wrong)


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"layout": [(3, 1), (2, 1)]},
        {"counts": [[10, 8, 10], [5, 5]]},
        {"counts": [[0], [4, 0]]},  # of one all was left out
        {"counts": [[10], [4, 5]], "left_out": [{"0": ODD}, {"1": ODD, "0": ODD}]},
    ],
)
def test_what_a_pass_can_have_counted_is_read(right: dict[str, Any]) -> None:
    found = kept(**right)
    wanted = right.get("counts", [[], []])
    assert [list(part) for part in found.counts] == wanted


def test_a_pass_that_has_not_begun_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    Journal.empty(LAYOUT).save(path)
    found = Journal.read(path, LAYOUT)
    assert found is not None
    assert (found.counts, found.left_out, found.rows) == ([[], []], [{}, {}], 0)
