"""YAML and JSON, strictly: what a file says twice, or what would be read as another thing, is
refused.

Bounds: a YAML file has at most 1 MiB, 64 levels and 200,000 values, those that aliases unfold to
counted; a JSON file has at most 256 MiB.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import yaml

from samefeatures.base.border import MEBIBYTE, border, bytes_of
from samefeatures.base.errors import FileError

YAML_BYTES = MEBIBYTE
YAML_DEPTH = 64
YAML_VALUES = 200_000
JSON_BYTES = 256 * MEBIBYTE
LONGEST = 40
"""Characters of a value that a message shows."""

KINDS = {
    "bool": "true or false",
    "float": "a number",
    "int": "a number",
    "null": "nothing",
    "timestamp": "a date",
}
"""What YAML makes of a word without quotes."""


def read_yaml(path: Path) -> Any:
    """What a YAML file holds, as plain values.

    Raises:
        NoFileError: when there is none.
        FileError: with the line, when it is no YAML, a key stands twice or is no text, a value is
            none of its kind, it has tags of its own, or it is beyond the bounds.
    """
    with border():
        return parse_yaml(bytes_of(path, most=YAML_BYTES).decode("utf-8-sig"))


def parse_yaml(text: str) -> Any:
    """As ``read_yaml``."""
    with border():
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check_unfolded(node)
            return loader.construct_document(node)
        except yaml.MarkedYAMLError as error:
            said = " ".join(part for part in (error.context, error.problem) if part)
            raise FileError(_at(error.problem_mark or error.context_mark, said)) from None
        finally:
            loader.dispose()


def read_json(path: Path, *, finite: bool = True) -> Any:
    """What a JSON file holds.

    Args:
        path: The file.
        finite: Whether NaN and infinity are refused; they are no JSON, but Python writes them.

    Raises:
        NoFileError: when there is none.
        FileError: when it is no JSON, a key stands twice, or it is beyond the bounds.
    """
    with border():
        return parse_json(bytes_of(path, most=JSON_BYTES), finite=finite)


def parse_json(data: bytes | str, *, finite: bool = True) -> Any:
    """As ``read_json``."""
    with border():
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        numbers: dict[str, Any] = {"parse_float": _finite, "parse_constant": _finite}
        return json.loads(text, object_pairs_hook=_distinct, **(numbers if finite else {}))


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FileError(f"the key {_short(twice)} stands twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise FileError(f"{_short(text)} is no finite number")
    return number


class _Loader(yaml.SafeLoader):
    """Bounds, keys and values are checked; messages name the line."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > YAML_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise FileError(_at(mark, f"it is nested more than {YAML_DEPTH} levels deep"))
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        _check_keys(node)  # as it is written: what is merged in becomes keys of the node later
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith((":int", ":float")):
            _check_number(node)
        try:
            return super().construct_object(node, deep=deep)
        except (yaml.YAMLError, FileError):
            raise
        except Exception:  # 2024-13-45, 0x_, more digits than Python takes, !!int zz
            kind = KINDS.get(str(node.tag).rpartition(":")[2], "a value")
            raise FileError(
                _at(
                    node.start_mark,
                    f"{_short(node.value)} looks like {kind} and is none. Put it in quotes if it "
                    "is text",
                )
            ) from None


def _check_number(node: yaml.ScalarNode) -> None:
    """Refuse what YAML counts in eights (010) or in sixties (1:30): nobody who writes it does."""
    digits = str(node.value).lstrip("+-")
    eights = len(digits) > 1 and digits[0] == "0" and digits[1] in "0123456789_"
    if ":" in digits or (eights and node.tag.endswith(":int")):
        base = "sixties" if ":" in digits else "eights"
        raise FileError(
            _at(
                node.start_mark,
                f"{_short(node.value)} is a number that YAML counts in {base}. Write it in tens, "
                "or in quotes if it is text",
            )
        )


def _check_keys(node: yaml.MappingNode) -> None:
    """Keys are text, and each stands once; what is merged in by ``<<`` may be said again."""
    lines: dict[str, int] = {}
    for key, _ in node.value:
        kind = key.tag.rpartition(":")[2]
        if not isinstance(key, yaml.ScalarNode) or kind not in ("str", "merge"):
            came = _short(key.value) if isinstance(key, yaml.ScalarNode) else "a list or mapping"
            why = f"is read as {KINDS[kind]}" if kind in KINDS else "is no text"
            raise FileError(_at(key.start_mark, f"the key {came} {why}. Put it in quotes"))
        line = key.start_mark.line + 1
        if key.value in lines:
            raise FileError(
                f"line {line}: the key {_short(key.value)} stands twice; it stands on line "
                f"{lines[key.value]} already. Keep one of them"
            )
        lines[key.value] = line


def _check_unfolded(root: yaml.Node) -> None:
    """Aliases make few lines into many values; and one may lead to itself."""
    counts: dict[int, int] = {}

    def count(node: yaml.Node) -> int:
        known = counts.get(id(node))
        if known == 0:
            raise FileError(_at(node.start_mark, "an alias leads back into what it stands in"))
        if known is not None:
            return known
        counts[id(node)] = 0  # under way
        total = 1
        if isinstance(node, yaml.SequenceNode):
            total += sum(map(count, node.value))
        elif isinstance(node, yaml.MappingNode):
            total += sum(count(key) + count(value) for key, value in node.value)
        if total > YAML_VALUES:
            raise FileError(_at(node.start_mark, f"it unfolds to more than {YAML_VALUES:,} values"))
        counts[id(node)] = total
        return total

    count(root)


def _at(mark: yaml.Mark | None, text: str) -> str:
    return text if mark is None else f"line {mark.line + 1}: {text}"


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= LONGEST else text[:LONGEST] + "…")
