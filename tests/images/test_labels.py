"""Names become class indices by synset or class map, never by a guess."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.errors import ConfigError, LabelError
from samefeatures.images.class_maps import read_class_map, whole_number
from samefeatures.images.label_files import read_labels
from samefeatures.images.label_paths import label_paths
from samefeatures.images.labels import class_indices, imagenet_index, named_labels, whole_labels
from samefeatures.images.source import ImageSource


def test_imagenet_index_is_the_sorted_synsets() -> None:
    index = imagenet_index()
    assert len(index) == 1000
    assert list(index.values()) == list(range(1000))
    assert list(index) == sorted(index)
    # Well known: tench, goldfish, tabby, Egyptian cat, toilet tissue.
    known = {"n01440764": 0, "n01443537": 1, "n02123045": 281, "n02124075": 285, "n15075141": 999}
    assert {synset: index[synset] for synset in known} == known


def test_imagenet_index_agrees_with_timm() -> None:
    timm_data = pytest.importorskip("timm.data")
    info = timm_data.ImageNetInfo("imagenet-1k")
    assert [info.index_to_label_name(i) for i in range(1000)] == list(imagenet_index())


def test_a_subset_of_synsets_keeps_its_indices() -> None:
    names = ["n15075141", "n02123045", "n15075141"]
    assert class_indices(names, None, where="here").tolist() == [999, 281, 999]
    assert class_indices(names, "sorted", where="here").tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["cat", "dog"], "here: 2 of 2 class names are not ImageNet synsets, among them cat, dog"),
        (["n01440764", "cat"], "1 of 2"),
        (["N01440764"], "1 of 1"),
        (["n00000001"], "1 of 1"),
    ],
)
def test_other_names_need_a_class_map(names: list[str], says: str) -> None:
    with pytest.raises(LabelError, match=says) as caught:
        class_indices(names, None, where="here")
    assert "'sorted'" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("map.json", '{"cat": 7, "dog": 2, "unused": 0}'),
        ("map.csv", "name,index\ncat,7\ndog,2\n"),
        ("map.csv", "\ufeffindex,other,name\r\n7,x,cat\r\n2,y,dog\r\n"),
        ("map.TXT", "a\nb\ndog\nc\nd\ne\nf\ncat\n"),
    ],
)
def test_class_maps(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)
    assert class_indices(["dog", "cat"], tmp_path / file, where="here").tolist() == [2, 7]


def test_a_class_map_goes_before_synsets(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text(json.dumps({"n15075141": 4}))
    assert class_indices(["n15075141"], tmp_path / "map.json", where="here").tolist() == [4]


def test_names_that_a_class_map_lacks(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text('{"cat": 0}')
    with pytest.raises(LabelError, match=r"here: the class map .*lacks 1 of 2 names.*dog\. Add"):
        class_indices(["cat", "dog"], path, where="here")


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("map.json", '{"cat": 0, "dog": 0}', "the index 0 2 times"),
        ("map.json", '{"cat": 0, "cat": 1}', "the key 'cat' stands twice"),
        ("map.json", '{"cat": 9223372036854775808}', "the index 9223372036854775808"),
        ("map.json", '{"cat": -1}', "'cat' the index -1"),
        ("map.json", '{"cat": 1.7}', r"the index 1\.7"),
        ("map.json", '{"cat": true}', "the index True"),
        ("map.json", '{"cat": "1"}', "the index '1'"),
        ("map.json", '["cat"]', "holds no object"),
        ("map.json", "{", "can't be read"),
        ("map.json", "{}", "no class"),
        ("map.csv", "name,index\ncat,x\n", "the index 'x'"),
        ("map.csv", "name,index\ncat,1_0\n", "the index '1_0'"),
        ("map.csv", "name,index\ncat,\N{ARABIC-INDIC DIGIT FIVE}\n", "the index"),
        ("map.csv", "name,index\ncat,4294967296\n", "the index 4294967296"),
        ("map.json", '{"cat": 1e400}', "is no finite number"),
        ("map.json", '{"cat": NaN}', "is no finite number"),
        ("map.json", f'{{"cat": {2**31}}}', "the index 2147483648"),
        ("map.json", f'{{"cat": {10**30}}}', "the index 1000000"),
        ("map.json", '{"cat": ' + "9" * 5000 + "}", "can't be read"),
        ("map.json", "[" * 100_000, r"can't be read .*nested too deeply"),
        ("map.json", '{"e\\u0301": 1, "\u00e9": 2}', "the name '\u00e9' 2 times"),
        ("map.csv", "cat,0\n", "its first line lacks"),
        ("map.csv", "name,index\ncat,0\ndog,0\n", "the index 0 2 times"),
        ("map.csv", "name,index\ncat\n", "can't be read"),
        ("map.txt", "cat\n\ndog\n", "the name ''"),
        ("map.txt", "cat\ncat\n", "the name 'cat' 2 times"),
        ("map.txt", "", "no class"),
        ("map.yaml", "cat: 0", r"must end in \.json, \.csv or \.txt"),
    ],
)
def test_class_maps_that_are_wrong(tmp_path: Path, file: str, text: str, says: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(LabelError, match=says) as caught:
        read_class_map(tmp_path / file)
    assert file in str(caught.value)


def test_a_class_map_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"no class map at .*nothing\.txt"):
        read_class_map(tmp_path / "nothing.txt")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(LabelError, match="can't be read"):
        read_class_map(tmp_path / "latin.txt")


@pytest.mark.parametrize("column", ["id", "filename", "file", "image"])
def test_a_labels_csv(tmp_path: Path, column: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"\ufeff{column},label,note\na/x.png,3,hi\ny.png,0,\n")
    assert read_labels(path, class_map=None) == ({"a/x.png": 3, "y.png": 0}, None, {})
    path.write_text(f"class,{column}\nn15075141,x.png\n")
    assert read_labels(path, class_map=None) == ({"x.png": 999}, None, {999: "n15075141"})
    path.write_text(f"class,{column}\ncat,x.png\ndog,y.png\n")
    assert read_labels(path, class_map="sorted") == (
        {"x.png": 0, "y.png": 1},
        2,
        {0: "cat", 1: "dog"},
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"the columns \(none\)"),
        ("name,label\na,0\n", "the columns name, label"),
        ("id,file,label\na,a,0\n", "It needs one of"),
        ("id,label,class\na,0,cat\n", "It needs one of"),
        ("id,label\na,0\nb,1\na,2\n", "'a' 2 times"),
        ("id,label\na,cat\n", "the label 'cat', which is not a class index"),
        ("id,label\na,-4\n", "the label '-4'"),
        ("id,label\na,1.0\n", r"the label '1\.0'"),
        ("id,label\na,²\n", "the label '²'"),
        ("id,label\na,\n", "without an id or a label"),
        ("id,label\na,1\nb,\n", "without an id or a label"),
        ("id,label\na,1\n,2\n", "without an id or a label"),
        ("id,label\na\n", "without an id or a label"),
        ("id,class\na,cat\n", "not ImageNet synsets"),
    ],
)
def test_labels_csvs_that_are_wrong(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(LabelError, match=says):
        read_labels(tmp_path / "labels.csv", class_map=None)


def test_a_labels_csv_that_is_missing_or_needs_no_class_map(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="can't be read"):
        read_labels(tmp_path / "labels.csv", class_map=None)
    (tmp_path / "labels.csv").write_text("id,label\na,0\n")
    with pytest.raises(ConfigError, match="class_map has no effect"):
        read_labels(tmp_path / "labels.csv", class_map="sorted")


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.uint64])
def test_whole_labels(kind: type) -> None:
    out = whole_labels(np.array([3, 0], kind), where="here")
    assert out.dtype == np.int64
    assert out.tolist() == [3, 0]


@pytest.mark.parametrize(
    "values", [[0.0, 1.0], [True, False], ["0", "1"], [0, -1], [2**63], [2**31]]
)
def test_labels_that_are_no_indices(values: list[object]) -> None:
    with pytest.raises(LabelError, match="here has"):
        whole_labels(np.array(values), where="here")


def test_a_data_sets_own_numbers(tmp_path: Path) -> None:
    own = np.array([0, 1, 0])
    synsets = ["n02123045", "n15075141"]

    def named(names: list[str], class_map: Path | None = None) -> list[int]:
        return named_labels(own, names, class_map, where="here").tolist()

    assert named(synsets) == [281, 999, 281]
    assert named(["cat", "dog"]) == named([]) == [0, 1, 0]
    (tmp_path / "map.json").write_text('{"cat": 5, "dog": 6}')
    assert named(["cat", "dog"], tmp_path / "map.json") == [5, 6, 5]
    with pytest.raises(ConfigError, match="no effect"):
        named([], tmp_path / "map.json")
    with pytest.raises(LabelError, match="names for 1 classes"):
        named(["n02123045"])


@pytest.mark.parametrize(
    ("names", "labels"),
    [(["0", "10", "2"], [0, 10, 2]), (["000", "010", "999"], [0, 10, 999]), (["7"], [7])],
)
def test_whole_numbers_are_indices(names: list[str], labels: list[int]) -> None:
    assert class_indices(names, None, where="here").tolist() == labels


@pytest.mark.parametrize("names", [["1", "x"], ["-1"], ["1.0"], ["\u00b2"], ["1_0"], [str(10**18)]])
def test_what_is_no_whole_number_is_no_index(names: list[str]) -> None:
    with pytest.raises(LabelError, match="are not ImageNet synsets"):
        class_indices(names, None, where="here")


@pytest.mark.parametrize(
    ("names", "says"), [(["1", "01"], "01, 1 are one number"), (["1", str(2**31)], "too large")]
)
def test_whole_numbers_that_are_no_classes(names: list[str], says: str) -> None:
    with pytest.raises(LabelError, match=says):
        class_indices(names, None, where="here")


def test_whole_numbers_are_not_sorted_as_text() -> None:
    """A perfect network would score a half: 10 would be class 2."""
    with pytest.raises(LabelError, match=r"put 2 behind 10, as text\. Leave class_map out"):
        class_indices(["0", "1", "2", "10"], "sorted", where="here")
    assert class_indices(["00", "02", "10"], "sorted", where="here").tolist() == [0, 1, 2]
    assert class_indices(["3", "1"], "sorted", where="here").tolist() == [1, 0]


def test_classes_without_an_image_count_in_sorted_order() -> None:
    found = class_indices(["cat", "emu"], "sorted", where="here", more=["dog", "ant"])
    assert found.tolist() == [1, 3]


@pytest.mark.parametrize("values", [[2**63 + 5], [2**64 - 1], [2**31], [0, 10**12]])
def test_labels_that_are_no_class_are_not_wrapped(values: list[int]) -> None:
    kind = np.uint64 if max(values) >= 2**63 else np.int64
    with pytest.raises(LabelError, match="too large an index"):
        whole_labels(np.array(values, kind), where="here")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("5", 5), (" 7\n", 7), ("-1", -1), ("007", 7)),
        *((text, None) for text in ("", "1_0", "1.0", "0x5", "\u0665", "9" * 19, "5 6", "+5", "x")),
    ],
)
def test_whole_numbers_in_texts(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("composed", [True, False])
def test_names_are_matched_in_composed_letters(tmp_path: Path, composed: bool) -> None:
    nfc, nfd = "\u00e9t\u00e9", "e\u0301te\u0301"
    written, named = (nfc, nfd) if composed else (nfd, nfc)
    (tmp_path / "map.json").write_text(json.dumps({written: 4}))
    assert class_indices([named], tmp_path / "map.json", where="here").tolist() == [4]
    (tmp_path / "labels.csv").write_text(f"id,label\n{written}.png,3\n", encoding="utf-8")
    source = ImageSource(source="x", labels=str(tmp_path / "labels.csv"))
    found = label_paths([f"{named}.png"], source, Path(), where="here").indices
    assert found is not None
    assert found.tolist() == [3]
