"""Names that fit into a column, and still differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count

from rich.cells import cell_len, chop_cells

from samefeatures.base.shown import cut


def short_names(names: Sequence[str], width: int) -> list[str]:
    """Each name in at most ``width`` columns of a terminal, at least 4.

    A name that is too long is cut in its middle, since both ends tell. Where that makes two names
    one, the cut moves to where all of them differ; and where no cut does, they are numbered. In 4
    columns there is room for 999 numbers.
    """
    short = [cut(name, width) for name in names]
    for same in [text for text, times in Counter(short).items() if times > 1]:
        places = [k for k, text in enumerate(short) if text == same]
        group = [names[k] for k in places]
        others = {text for text in short if text != same}
        for place, text in zip(places, _apart(group, width, others), strict=True):
            short[place] = text
    return short


def _apart(group: Sequence[str], width: int, others: set[str]) -> list[str]:
    """The first way to cut these names that tells them apart, from ``others`` too."""
    wanted = len(set(group))
    for candidates in _ways(group, width):
        if len(set(candidates)) == wanted and not others & set(candidates):
            return candidates
    return list(_numbered(group, width, others))


def _ways(group: Sequence[str], width: int) -> Iterator[list[str]]:
    """Near the middle; then the start, and what lies around the first difference; then others."""
    heads = sorted(range(1, width - 1), key=lambda head: abs(head - width // 2))
    near = [head for head in heads if 4 * abs(head - width // 2) <= width]
    for head in near:
        yield [cut(name, width, head=head) for name in group]
    start = width // 3
    room = width - 1 - start
    columns = enumerate(zip(*group, strict=False))
    first = next((k for k, letters in columns if len({*letters}) > 1), 0)
    at = max(start, first - room // 3)
    yield [f"{_start(name, start)}…{_start(name[at:], room)}" for name in group]
    for head in heads[len(near) :]:
        yield [cut(name, width, head=head) for name in group]


def _numbered(group: Sequence[str], width: int, others: set[str]) -> Iterator[str]:
    taken, given = set(others), dict[str, str]()
    for name in group:
        if name not in given:
            ends = (f"~{k}" for k in count(1))
            texts = (f"{cut(name, width - len(e))}{e}" if len(e) < width - 1 else e for e in ends)
            given[name] = next(text for text in texts if text not in taken)
            taken.add(given[name])
        yield given[name]


def _start(text: str, width: int) -> str:
    return next(iter(chop_cells(text, width)), "") if cell_len(text) > width else text
