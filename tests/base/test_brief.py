"""Short reprs: bounded whatever is in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from samefeatures.base.brief import brief, changed


class Kind:
    pass


def test_it_reads_like_a_call() -> None:
    said = brief(Kind(), name="a", dim=512, size=(3, 28, 28), share=1 / 3, none=None, flag=True)
    assert said == "Kind(name='a', dim=512, size=[3, 28, 28], share=0.3333, none=None, flag=True)"


def test_lists_say_how_many_there_are() -> None:
    assert brief(Kind(), names=list("abc")) == "Kind(names=['a', 'b', 'c'])"
    assert brief(Kind(), names=list("abcdefg")) == "Kind(names=['a', 'b', 'c', 'd', … 7 in all])"
    assert brief(Kind(), dims={"a": 1, "b": 2}) == "Kind(dims={'a': 1, 'b': 2})"
    assert brief(Kind(), names=[], dims={}) == "Kind(names=[], dims={})"


def test_long_names_still_differ() -> None:
    one, other = (brief(Kind(), name="x" * 500 + end) for end in "ab")
    assert one != other
    assert max(len(one), len(other)) < 60


def test_six_facts_are_bounded() -> None:
    nasty: list[object] = ["\x1b" * 900, ["\u202e" * 900] * 900, {"é\n" * 99: "y" * 900} | {"z": 1}]
    nasty += [range(10**9), object(), 1e300]
    said = brief(Kind(), **{f"fact_{i}": value for i, value in enumerate(nasty)})
    assert len(said) <= 500
    assert said.isprintable()


def test_only_what_a_call_would_give() -> None:
    @dataclass(frozen=True)
    class Options:
        source: str
        limit: int | None = None
        more: dict[str, int] = field(default_factory=dict)

    assert changed(Options("x")) == {"source": "x"}
    assert changed(Options("x", 5, {"a": 1})) == {"source": "x", "limit": 5, "more": {"a": 1}}
