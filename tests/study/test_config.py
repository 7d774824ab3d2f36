"""Study files: what is accepted, and what is said about what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from samefeatures.base.errors import ConfigError
from samefeatures.images.views import Views
from samefeatures.maps import OLS, Ridge
from samefeatures.study.canonical.config import CanonicalConfig
from samefeatures.study.config import StudyConfig, parse_config, read_config
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.curve_config import CurveConfig

GOOD: dict[str, Any] = {
    "networks": ["mini:resnet_v1", {"load": "onnx:a.onnx", "name": "a", "crop_pct": 0.9}],
    "data": {"fit": "images", "eval": {"source": "val", "class_map": "sorted"}},
}


def test_a_full_study() -> None:
    config = parse_config(
        {
            **GOOD,
            "methods": ["ols", {"name": "ridge", "alpha": 0.5, "label": "strong"}, {"ridge": None}],
            "batch_size": 8,
        }
    )
    assert config.networks[0].load == "mini:resnet_v1"
    assert config.networks[1].overrides == {"crop_pct": 0.9}
    assert [m.label for m in config.methods] == ["ols", "strong", "ridge"]
    assert isinstance(config.methods[0].build(), OLS)
    assert config.methods[1].build() == Ridge(alpha=0.5)
    assert config.data is not None
    assert config.data.eval[0].class_map == "sorted"


@pytest.mark.parametrize("key", ["controls", "canonical", "curve", "ranks", "tasks"])
def test_two_networks_are_enough(key: str) -> None:
    value = ["brightness"] if key == "tasks" else True
    config = parse_config({**GOOD, "networks": ["mini:nasnet", "mini:vgg"], key: value})
    assert getattr(config, key)


def test_all_methods_by_default() -> None:
    assert [m.label for m in parse_config(GOOD).methods] == ["ols", "ridge", "logit", "naive"]


def test_fit_may_be_a_list_with_common_settings() -> None:
    common = {"source": ["a", {"source": "b", "views": 1}], "views": 4}
    config = parse_config({**GOOD, "data": {"fit": common, "eval": "c"}})
    assert config.data is not None
    first, second = config.data.fit
    assert first.views is not None
    assert first.views == Views(count=4)
    assert second.views is not None
    assert second.views.count == 1
    config = parse_config({**GOOD, "data": {"fit": ["a", {"source": "b"}], "eval": "c"}})
    assert config.data is not None
    assert [part.source for part in config.data.fit] == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"network": []}, r"unknown key 'network'\. Did you mean 'networks'\?"),
        ({"networks": []}, "at least one source string"),
        ({"networks": [{"load": "x", "nam": "y"}]}, r"unknown key 'nam'\. Did you mean 'name'\?"),
        ({"networks": [{"name": "x"}]}, r"networks\.0\.load: Field required"),
        ({"data": {"fit": "a", "evl": "b"}}, r"unknown key 'evl'\. Did you mean 'eval'\?"),
        ({"data": {"fit": {"sorce": "a"}, "eval": "b"}}, "Did you mean 'source'"),
        ({"networks": "mini:vgg"}, "at least one source string"),
        ({"data": {"fit": [], "eval": "b"}}, "or a list of them"),
        ({"data": {"fit": 3, "eval": "b"}}, "or a list of them"),
        ({"data": {"fit": "a", "eval": {"source": "b", "views": 2}}}, "views belong to the fit"),
        (
            {"data": {"fit": "a", "eval": ["b", {"source": "c", "views": 2}]}},
            "views belong to the fit",
        ),
        ({"data": {"fit": {"source": "a", "views": {"cont": 2}}, "eval": "b"}}, "mean 'count'"),
        ({"methods": ["olss"]}, r"study: methods: .*unknown method 'olss'\. Did you mean 'ols'\?"),
        ({"methods": []}, "give a list of methods out of adam, "),
        ({"methods": "ols"}, "give a list of methods out of adam, "),
        (
            {"methods": [{"ols": None, "ridge": None}]},
            "a method is a name or a mapping with 'name'",
        ),
        ({"methods": [{"ridge": {"alpha": [1]}}]}, "alpha of ridge is"),
        ({"measures": ["ckas"]}, r"measures: .*'ckas'\. Did you mean 'cka'\?"),
        ({"sample": 9, "measures": ["r2"]}, "'sample: 9' has no effect"),
        ({"store": ""}, "give a folder or a URL"),
        ({"store": False, "methods": ["ols", "cosine"]}, "the method 'cosine' reads the fit"),
        (
            {"store": False, "methods": ["ols", {"ridge": {"alpha": "auto"}}]},
            "study: the method 'ridge' reads the fit features again, fold by fold",
        ),
        ({"device": "gpu"}, "device: 'gpu'. Did you mean 'device: cuda'"),
        ({"algebra": {"device": "gpu"}}, "device: 'gpu'. Did you mean 'device: cuda'"),
        ({"gpu": 0}, "unknown key 'gpu'. Did you mean 'device: cuda'"),
        ({"gpus": 1}, "unknown key 'gpus'. Did you mean 'device: cuda'"),
        ({"cuda": 0}, "unknown key 'cuda'. Did you mean 'device: cuda'"),
        ({"methods": [{"name": "ridge", "alpa": 1}]}, r"unknown key 'alpa'\. Did you mean 'alpha'"),
        ({"methods": [{"name": "ols", "alpha": 1}]}, "'ols' takes no options, but 'alpha' came"),
        ({"methods": [{"name": "ridge", "alpha": -1}]}, "above 0"),
        ({"methods": ["rank"]}, r"'rank' needs 'rank'\. Say {name: rank, rank: …}"),
        ({"methods": [{"rank": {"rank": 0}}]}, "rank of rank is 0; it must be a whole number"),
        ({"methods": ["ols", "ols"]}, "label 'ols' stands twice"),
        ({"methods": [{"name": "ols", "label": "own"}]}, "with their own heads; give another"),
        ({"methods": [3]}, "not 3"),
        ({"methods": [{"name": "ols", "label": "../.."}]}, "can't be part of a file name"),
        ({"methods": [{"name": "ols", "label": "/etc"}]}, "can't be part of a file name"),
        ({"methods": [{"name": "ridge", "alpha": "1e-2"}]}, "YAML takes 1e-5 for text"),
        ({"methods": [{"name": "ridge", "alpha": None}]}, "alpha of ridge is None"),
        ({"methods": [{"ridge": 0.1}]}, "the options of 'ridge' are 0.1"),
        ({"methods": [{"name": ["ols"]}]}, "a method is a name or a mapping"),
        ({"data": {"fit": {"source": ["a", 3]}, "eval": "b"}}, "a string or a mapping"),
        ({"data": {"fit": {"source": "a", "views": True}, "eval": "b"}}, "number of crops"),
        (
            {"data": {"fit": {"source": "a", "limit": "x"}, "eval": "b"}},
            r"fit\.0\.limit: .*integer",
        ),
        ({"data": {"fit": {"source": "a", "limit": 0}, "eval": "b"}}, "limit is 0; it must be"),
        ({"data": {"fit": {"limit": 2}, "eval": "b"}}, r"data\.fit\.0\.source: Field required"),
        (
            {"data": {"fit": {"source": ["a", {"limit": 2}]}, "eval": "b"}},
            r"data\.fit\.1\.source: Field required",
        ),
        ({"networks": ["mini:nasnet"], "controls": True}, "one network has none"),
        ({"networks": ["mini:nasnet"], "curve": True}, "one network has none"),
        ({"networks": ["mini:nasnet"], "canonical": True}, "there is one"),
        ({"store": False, "controls": True}, "controls read the fit features again"),
        ({"store": False, "canonical": True}, "canonical space reads the fit features again"),
        ({"store": False, "curve": True}, "curve reads parts of the fit features again"),
        ({"resident": "one"}, "'resident: one' has no effect on the processor"),
        ({"batch_size": 0}, "greater than or equal to 1"),
        ({"batch_size": "many"}, "batch_size: Input should be a valid integer"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_config({**GOOD, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"sample": 9, "measures": ["r2", "mutual_knn"]},
        {"store": "features"},
        {"store": "features", "controls": True, "methods": ["ols", "cosine"]},
        {"store": False, "methods": ["ols", "ridge"]},
        {"methods": [{"ridge": {"alpha": "auto"}}]},
        {"device": "cuda:1", "resident": "one"},
        {"tasks": ["brightness"], "methods": ["naive", "ols"]},
        {"networks": [{"load": "a"}]},
    ],
)
def test_what_has_an_effect_is_taken(change: dict[str, Any]) -> None:
    config = parse_config({**GOOD, **change})
    assert all(getattr(config, key) for key in change if change[key])


def test_what_is_no_mapping_is_no_study() -> None:
    with pytest.raises(ValidationError, match="valid dictionary"):
        StudyConfig.model_validate(3)


def test_a_method_by_its_name_or_with_options() -> None:
    ways = [{"name": "ols", "label": "plain"}, {"name": "naive"}, {"ridge": {"alpha": 0.5}}]
    found = parse_config({**GOOD, "methods": ways}).methods
    assert [(entry.name, entry.label, entry.options) for entry in found] == [
        ("ols", "plain", {}),
        ("naive", "naive", {}),
        ("ridge", "ridge", {"alpha": 0.5}),
    ]


def test_views_by_their_count_or_with_more() -> None:
    ways: list[object] = [3, {"count": 2, "seed": 7}, None]
    parts = [{"source": name, "views": way} for name, way in zip("abc", ways, strict=True)]
    data = parse_config({**GOOD, "data": {"fit": parts, "eval": "d"}}).data
    assert data is not None
    assert [part.views for part in data.fit] == [Views(count=3), Views(count=2, seed=7), None]


def test_preprocessing_that_is_given_and_that_is_not() -> None:
    given = {"input_size": [3, 8, 6], "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}
    networks = [{"load": "a", "name": "x", **given}, {"load": "b", **dict.fromkeys(given)}]
    first, second = parse_config({**GOOD, "networks": networks}).networks
    assert first.overrides == {key: tuple(value) for key, value in given.items()}
    assert second.overrides == {}
    with pytest.raises(ConfigError, match=r"input_size: .*must be \(3, height, width\)"):
        parse_config({**GOOD, "networks": [{"load": "a", "input_size": [1, 8, 6]}]})
    with pytest.raises(ConfigError, match=r"std: .*must be positive"):
        parse_config({**GOOD, "networks": [{"load": "a", "std": [0.5, 0, 0.5]}]})


def test_true_is_the_defaults_and_false_is_nothing() -> None:
    kinds = {"controls": ControlsConfig, "curve": CurveConfig, "canonical": CanonicalConfig}
    own = {"controls": {"seeds": 2}, "curve": {"seeds": 2}, "canonical": {"alpha": 0.5}}
    for key, kind in kinds.items():
        found = [
            getattr(parse_config({**GOOD, key: value}), f"chosen_{key}")
            for value in (False, True, own[key])
        ]
        assert found == [None, kind(), kind(**own[key])]


def test_algebra_runs_where_the_networks_do_unless_it_is_said() -> None:
    places = [
        parse_config({**GOOD, "device": "cuda:1", "algebra": algebra}).algebra_device
        for algebra in ({}, {"device": None}, {"device": "cpu"}, {"device": "cuda:0"})
    ]
    assert places == ["cuda:1", "cuda:1", "cpu", "cuda:0"]


def test_a_study_stands_on_a_line() -> None:
    config = parse_config({**GOOD, "title": "Two", "methods": ["ols"], "measures": ["r2", "cka"]})
    assert (
        repr(config)
        == str(config)
        == (
            "StudyConfig(title='Two', networks=['mini:resnet_v1', 'onnx:a.onnx'], methods=['ols'], "
            "measures=['r2', 'cka'])"
        )
    )


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    with pytest.raises(ConfigError, match="no study file"):
        read_config(path)
    path.write_text("networks: [mini:nasnet\n")
    with pytest.raises(ConfigError, match="can't be read as YAML"):
        read_config(path)
    path.write_text("- a\n")
    with pytest.raises(ConfigError, match="holds list, not keys"):
        read_config(path)
    path.write_text("networks: []\n")
    with pytest.raises(ConfigError, match=r"study\.yaml: networks: give a list"):
        read_config(path)
    path.write_text("networks: [mini:nasnet]\ndata: {fit: a, eval: b}\n")
    assert read_config(path).networks[0].load == "mini:nasnet"


def test_algebra_and_store() -> None:
    config = parse_config({**GOOD, "methods": ["ols"], "controls": False, "store": False})
    assert (config.store, config.algebra.precision, config.algebra.device) == (
        False,
        "float64",
        None,
    )
    with pytest.raises(ConfigError, match=r"algebra: unknown key 'precison'. Did you mean"):
        parse_config({**GOOD, "algebra": {"precison": "float32"}})
    with pytest.raises(ConfigError, match=r"algebra.precision: .*'float64' or 'float32'"):
        parse_config({**GOOD, "algebra": {"precision": "float16"}})


@pytest.mark.parametrize("word", ["off", "yes", "3", "1.5", "2024-01-02", "0x10"])
@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("title: {}", "title"),
        ("device: {}", "device"),
        ("out: {}", "out"),
        ("networks: [{}]", "network"),
        ("networks: [{{load: {}}}]", "load"),
        ("networks: [{{load: 'mini:lenet', name: {}}}]", "name"),
        ("methods: [{{name: ols, label: {}}}]", "label"),
        ("measures: [r2, {}]", "measures"),
        ("class_names: [a, {}]", "class_names"),
        ("algebra: {{device: {}}}", "device"),
        ("tasks: [{{name: {}}}]", "name"),
        ("data: {{fit: {{source: a, name: {}}}, eval: b}}", "name"),
        ("data: {{fit: {{source: a, class_map: {}}}, eval: b}}", "class_map"),
    ],
)
def test_words_that_yaml_reads_as_something_else(
    tmp_path: Path, place: str, what: str, word: str
) -> None:
    key = place.partition(":")[0]
    lines = [line for line in ("networks: ['mini:lenet', 'mini:vgg']",) if key not in line]
    (tmp_path / "study.yaml").write_text("\n".join([*lines, place.format(word)]))
    with pytest.raises(ConfigError, match=rf"{what} is .*put the word in quotes"):
        read_config(tmp_path / "study.yaml")


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": True},
        {"workers": True},
        {"cluster": {"cpus": True}},
        {"controls": {"folds": True}},
        {"networks": [{"load": "mini:lenet", "crop_pct": True}]},
        {"networks": [{"load": "mini:lenet", "mean": [0.5, True, 0.5]}]},
        {"data": {"fit": {"source": "a", "limit": True}, "eval": "b"}},
        {"data": {"fit": {"source": "a", "views": {"count": True}}, "eval": "b"}},
        {"data": {"fit": {"source": "a", "views": {"count": 2, "seed": True}}, "eval": "b"}},
    ],
)
def test_true_is_no_number(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="is True; it must be a"):
        parse_config({**GOOD, **change})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    "change", [{"cluster": {"patience": 0.0}}, {"networks": [{"load": "a", "crop_pct": 0.0}]}]
)
def test_numbers_are_finite(change: dict[str, Any], value: float) -> None:
    def put(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: put(each) for key, each in part.items()}
        return [put(each) for each in part] if isinstance(part, list) else part or value

    with pytest.raises(ConfigError, match="finite number"):
        parse_config({**GOOD, **put(change)})


def test_a_key_twice_is_an_error_at_every_level(tmp_path: Path) -> None:
    for text in (
        "networks: [a]\nnetworks: [b]",
        "data:\n  fit: {source: a, limit: 3, limit: 5}\n  eval: b",
        "networks:\n- load: a\n  name: x\n  name: y",
    ):
        (tmp_path / "study.yaml").write_text(text)
        with pytest.raises(ConfigError, match=r"line \d: the key '\w+' stands twice"):
            read_config(tmp_path / "study.yaml")
