"""Whatever a record of results holds, another value of it is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from samefeatures.report.difference import BESIDE, diff
from samefeatures.study.results import StudyResults


@dataclass(frozen=True, kw_only=True)
class Bend:
    method: str
    target: str
    rows: int
    top1: float | None


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Later:
    k: int
    bends: tuple[Bend, ...]
    spectra: Mapping[str, Spectrum]


@dataclass(frozen=True, kw_only=True)
class LaterResults(StudyResults):
    """With a field that nobody has heard of."""

    later: Later | None = None


def made(hint: Any) -> Any:
    """A value of a type, with one entry in whatever has entries."""
    args = get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return hint(**{field.name: made(hints[field.name]) for field in fields(hint)})
    if get_origin(hint) is UnionType:
        return made(args[0])
    if get_origin(hint) is tuple:
        return (made(args[0]),)
    if get_origin(hint) is Mapping:
        return {"key": made(args[1])}
    return {str: "text", int: 7, float: 0.5, bool: True, Any: 1.5}[hint]


def others(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The value with one leaf changed, for each leaf."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            for place, other in others(getattr(value, field.name), f"{path}.{field.name}"):
                yield place, replace(value, **{field.name: other})
    elif isinstance(value, Mapping):
        yield f"{path} without its entry", {}
        for key, entry in value.items():
            yield from ((place, {key: other}) for place, other in others(entry, f"{path}.{key}"))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield f"{path} without its entry", ()
        yield from ((place, (other,)) for place, other in others(value[0], f"{path}.0"))
    elif isinstance(value, bool):
        yield path, not value
    elif isinstance(value, str):
        yield path, f"{value} of another kind"
    else:
        yield path, value + 1


FULL = made(LaterResults)
CHANGED = dict(others(FULL, "results"))


def test_there_is_something_of_every_record() -> None:
    assert diff(FULL, FULL).same
    assert len(CHANGED) > 150
    assert {"results.controls.spaces.beyond.0.r2", "results.later.spectra.key.values.0.0"} < set(
        CHANGED
    )


@pytest.mark.parametrize("place", CHANGED)
def test_another_value_of_any_field_is_seen(place: str) -> None:
    found = diff(FULL, CHANGED[place])
    assert found.facts or found.cells
    assert found.same is (place.split(".")[1].split(maxsplit=1)[0] in BESIDE)
    back = diff(CHANGED[place], FULL)
    assert (len(back.facts), len(back.cells)) == (len(found.facts), len(found.cells))


def test_rows_of_a_later_table_are_known_by_their_names() -> None:
    bends = tuple(Bend(method=m, target="b", rows=10, top1=1.0) for m in ("ols", "ridge"))
    one = replace(FULL, later=Later(k=1, bends=bends, spectra={}))
    two = replace(FULL, later=Later(k=1, bends=bends[::-1], spectra={}))
    assert diff(one, two).same
    more = replace(bends[1], top1=2.0)
    (cell,) = diff(one, replace(one, later=Later(k=1, bends=(bends[0], more), spectra={}))).cells
    assert (cell.method, cell.source, cell.target) == ("later bends ridge", "", "b")
    assert cell.changed == {"top1": (1.0, 2.0)}
    gone = diff(one, replace(one, later=None)).cells
    assert [cell.only for cell in gone] == ["first"] * 3
