"""How far a pass has come: places of rows, and what is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from samefeatures.base.errors import FileError
from samefeatures.joint.journal import Journal, Position, _Kept

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
    found = journal()
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


@pytest.mark.parametrize("counts", [((10, -1), ()), ((-3,), (4,))])
def test_a_journal_never_counts_below_nothing(counts: tuple[tuple[int, ...], ...]) -> None:
    layout = tuple((chunks, images) for chunks, images in LAYOUT)
    with pytest.raises(FileError):
        _Kept(layout=layout, counts=counts, left_out=({}, {}))


def test_a_chunk_of_which_all_was_left_out_counts_nothing() -> None:
    layout = tuple((chunks, images) for chunks, images in LAYOUT)
    counts = ((0,), (4, 0))
    assert _Kept(layout=layout, counts=counts, left_out=({}, {})).counts == counts
