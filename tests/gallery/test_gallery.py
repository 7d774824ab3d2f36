"""Galleries of real studies: the right images, however many there are, and none that is missing."""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samefeatures.base.errors import ConfigError
from samefeatures.gallery.gallery import make_overlaps, refresh_overlaps, spread, telling_pair
from samefeatures.images.decode import decode
from samefeatures.images.sources import ImageSource, open_images
from samefeatures.scores.overlap import load_overlaps
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study

SIDE = 200


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study on files, larger than thumbnails, of the demo's images."""
    base = tmp_path_factory.mktemp("study")
    images = open_images(ImageSource(source="fashion-mnist:eval", limit=400), labelled=True)
    assert images.labels is not None
    for i, label in enumerate(images.labels):
        folder = base / "eval" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        big = decode(images.read(i)).resize((SIDE, SIDE + 50), Image.Resampling.BILINEAR)
        big.save(folder / f"{i}.png")
    config = parse_config(
        {
            "networks": ["mini:resnet_v1", "mini:mobilenet_v2"],
            "data": {
                "fit": {"source": "fashion-mnist:fit", "limit": 1000},
                "eval": {"source": "eval", "class_map": "sorted"},
            },
            "methods": ["naive", "ols"],
        }
    )
    study = Study(config, out=base / "out", base=base)
    study.score()
    return study


def refresh(study: Study) -> tuple[str, ...]:
    results = StudyResults.load(study.results_path)
    return refresh_overlaps(study.config.data, results, out=study.out, base=study.base)


def make(study: Study, **options):  # type: ignore[no-untyped-def]
    results = StudyResults.load(study.results_path)
    given = {"source": "resnet_v1", "target": "mobilenet_v2", "method": "ols", **options}
    return make_overlaps(study.config.data, results, out=study.out, base=study.base, **given)


def opened(uri: str) -> Image.Image:
    head, _, body = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(body)))


def test_thumbnails_are_small_copies_of_the_right_images(scored: Study) -> None:
    made = make(scored)
    assert made.warnings == ()
    there, back = made.overlaps
    assert (there.source, back.source) == ("resnet_v1", "mobilenet_v2")
    assert {s.kind for s in (*there.gallery, *back.gallery)} == {"fixed", "broken"}
    for overlap in made.overlaps:
        for shown in overlap.gallery:
            thumb = opened(shown.picture)
            assert thumb.size == (77, 96)
            with Image.open(scored.base / "eval" / shown.id) as whole:
                expected = whole.convert("RGB").resize(thumb.size, Image.Resampling.LANCZOS)
            difference = np.asarray(thumb, float) - np.asarray(expected, float)
            assert np.abs(difference).mean() < 12  # another image differs by far more
            hybrid_right = shown.hybrid_says == shown.label
            assert (shown.kind == "fixed") == hybrid_right != (shown.target_says == shown.label)
    assert load_overlaps(scored.out)[:2] == sorted(made.overlaps, key=lambda o: o.source)


def test_as_many_as_asked_for_and_no_more(scored: Study) -> None:
    there, _ = make(scored, images=2).overlaps
    for kind in ("fixed", "broken"):
        shown = [s for s in there.gallery if s.kind == kind]
        assert len(shown) == min(2, there.count(kind))
    assert make(scored, images=0).overlaps[0].gallery == ()


def test_a_choice_is_spread_over_the_classes() -> None:
    labels = np.array([0, 0, 0, 0, 1, 2, 2, 0])
    places = np.array([0, 1, 2, 4, 5, 6, 7])
    assert spread(places, labels, 5) == [0, 1, 4, 5, 6]
    assert spread(places, labels, 3) == [0, 4, 5]
    assert spread(places, labels, 2) == [0, 4]
    assert spread(places, labels, 0) == []
    many = np.arange(1000)
    assert spread(many, many, 4) == [0, 250, 500, 750]
    assert spread(places, labels, 50) == [0, 1, 2, 7, 4, 5, 6]


def test_missing_images_become_placeholders_and_a_warning(scored: Study, tmp_path: Path) -> None:
    base = tmp_path / "copy"
    shutil.copytree(scored.base, base)
    study = Study(scored.config, out=base / "out", base=base)
    before = make(study).overlaps[0].gallery
    gone, damaged = before[0].id, before[1].id
    (base / "eval" / gone).unlink()
    (base / "eval" / damaged).write_bytes(b"")
    made = make(study)
    after = {s.id: s for s in made.overlaps[0].gallery}
    assert [s.id for s in made.overlaps[0].gallery] == [s.id for s in before]
    assert (after[gone].picture, after[damaged].picture) == ("", "")
    assert after[gone].problem
    assert after[damaged].problem == "the file is empty (0 bytes)"
    assert after[before[2].id].picture == before[2].picture
    (warning,) = made.warnings
    assert warning.startswith("2 of ")
    assert "placeholders" in warning
    shutil.rmtree(base / "eval")
    made = make(study)
    assert all("can't be opened" in s.problem for o in made.overlaps for s in o.gallery)
    assert len(made.warnings) == 1


def test_a_study_of_features_alone_has_lists_and_no_pictures(npz_study: Study) -> None:
    npz_study.score()
    warnings = refresh(npz_study)
    assert warnings == ()
    overlaps = load_overlaps(npz_study.out)
    assert len(overlaps) == 2
    shown = [s for o in overlaps for s in o.gallery]
    assert all((s.picture, s.problem[:9]) == ("", "the study") for s in shown)


def test_the_telling_pair_is_the_greatest_gain_of_a_fitted_method(scored: Study) -> None:
    results = StudyResults.load(scored.results_path)
    method, source, target = telling_pair(results) or ("", "", "")
    assert method == "ols"
    cells = results.table("ols")
    gains = {pair: c.correct - round(c.target_top1 * c.n / 100) for pair, c in cells.items()}
    assert gains[source, target] == max(g for (a, b), g in gains.items() if a != b)


def test_what_was_asked_for_is_kept_up_to_date(scored: Study, tmp_path: Path) -> None:
    study = Study(scored.config, out=tmp_path / "out", base=scored.base)
    study.score()
    make(study, method="naive", images=3)
    path = study.out / "overlap" / "naive" / "resnet_v1--mobilenet_v2" / "overlap.json"
    first = path.stat().st_mtime_ns
    refresh(study)
    assert path.stat().st_mtime_ns > first
    found = {o.method: o for o in load_overlaps(study.out)}
    assert {method: (o.asked, o.images) for method, o in found.items()} == {
        "ols": (False, 48),
        "naive": (True, 3),
    }


def test_a_pair_that_is_no_longer_telling_is_removed_unless_asked_for(
    scored: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study(scored.config, out=tmp_path / "out", base=scored.base)
    study.score()
    refresh(study)
    other = ("naive", "resnet_v1", "mobilenet_v2")
    monkeypatch.setattr("samefeatures.gallery.gallery.telling_pair", lambda _: other)
    refresh(study)
    assert {o.method for o in load_overlaps(study.out)} == {"naive"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"method": "ridge"}, "no method 'ridge'"),
        ({"source": "vgg"}, "no network 'vgg'"),
        ({"target": "resnet_v1"}, "the same network"),
        ({"images": -1}, "images is -1"),
    ],
)
def test_what_the_study_does_not_have(scored: Study, changes: dict, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make(scored, **changes)
