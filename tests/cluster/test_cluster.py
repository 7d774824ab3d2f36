"""A real cluster of several worker processes on loopback: the same results, whoever is killed."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
import zarr
from cluster_worlds import (
    alone,
    held_workers,
    hold,
    kill,
    nets_of,
    on_cluster,
    same,
    world_config,
    write_world,
)

from samefeatures.base.errors import ClusterError, ConfigError, UnreadableImageError
from samefeatures.cluster.runner import DEATHS
from samefeatures.features.place import place_of
from samefeatures.features.store import FeatureStore
from samefeatures.study.study import Study


@pytest.fixture(scope="module")
def deaths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which deadly networks count."""
    return tmp_path_factory.mktemp("deaths") / "count"


@pytest.fixture(scope="module", autouse=True)
def cluster(deaths: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("DEATHS", str(deaths))
        ray.init(
            address="local",  # whatever else runs on this machine
            num_cpus=3,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        yield
        ray.shutdown()


def test_the_same_as_one_process(tmp_path: Path) -> None:
    write_world(tmp_path, fit=1500, evaluation=300)
    (tmp_path / "eval" / "class1" / "0001.png").write_bytes(b"no picture")
    config = world_config(tmp_path, "small", "second", cluster={"chunks": 2})
    one, many = (
        alone(config, tmp_path, tmp_path / "one"),
        on_cluster(config, tmp_path, tmp_path / "many"),
    )
    first, second = one.score(), many.score()
    same(one, many)
    for ours, theirs in zip(second.cells, first.cells, strict=True):
        numbers = {name: v for name, v in ours.row.items() if isinstance(v, int | float)}
        assert numbers == pytest.approx({name: theirs.row[name] for name in numbers}, rel=1e-9)
    assert first.fit_data == second.fit_data
    rates = json.loads((many.out / "extraction.json").read_text())["networks"]
    assert {name: rate["rows"] for name, rate in rates.items()} == {"small": 1800, "second": 1800}
    assert all(rate["seconds"] > 0 for rate in rates.values())
    assert [entry.id for entry in second.fit_data.left_out] == ["class0/0000.png"]
    assert [entry.id for entry in second.eval_data.left_out] == ["class1/0001.png"]


def test_workers_killed_in_mid_run(tmp_path: Path) -> None:
    """Six times whoever has come to a batch is killed: nothing is lost and nothing doubled."""
    write_world(tmp_path, fit=2600, evaluation=40)
    hold(tmp_path, (2, 5, 9, 14, 20, 27))
    config = world_config(tmp_path, "held", "small")
    study = on_cluster(config, tmp_path, tmp_path / "many")
    assert kill_while_it_extracts(study, tmp_path) == 6
    same(alone(config, tmp_path, tmp_path / "one"), study)
    assert all(not rows.left_out for rows in study.eval_features.rows.values())


def kill_while_it_extracts(study: Study, folder: Path) -> int:
    """Kill every worker that is held while the study extracts; returns how many died."""
    failures: list[BaseException] = []

    def extract() -> None:
        try:
            study.extract()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=extract)
    thread.start()
    killed = 0
    while thread.is_alive():
        for held in held_workers(folder):
            kill(held)
            killed += 1
        thread.join(0.05)
    if failures:
        raise failures[0]
    return killed


def test_an_image_at_which_workers_die(tmp_path: Path, deaths: Path) -> None:
    """It is found, named, left out for every network alike, and reported."""
    write_world(tmp_path, fit=262, evaluation=20, white=(258,))
    # One network is stored already, with the image: there it must go too.
    on_cluster(world_config(tmp_path, "small"), tmp_path, tmp_path / "many").extract()
    config = world_config(tmp_path, "small", "deadly")
    study = on_cluster(config, tmp_path, tmp_path / "many")
    results = study.score()
    assert deaths.stat().st_size >= 2
    reasons = {entry.id: entry.reason for entry in results.fit_data.left_out}
    assert reasons.pop("class0/0258.png") == DEATHS
    assert list(reasons) == ["class0/0000.png"]
    assert results.fit_data.rows == 260
    count = deaths.stat().st_size
    again = on_cluster(config, tmp_path, tmp_path / "many")
    assert len(next(iter(again.fit_features.rows.values()))) == 260
    assert deaths.stat().st_size == count, "what is known to kill must not be tried again"
    # A network that comes later leaves the same image out; so does one in this very process, with
    # random weights, which the image would kill.
    later = world_config(tmp_path, "small", "deadly", "second", controls=True)
    assert on_cluster(later, tmp_path, tmp_path / "many").score().fit_data.rows == 260
    assert deaths.stat().st_size == count
    last = alone(world_config(tmp_path, "deadly", "second"), tmp_path, tmp_path / "many")
    assert {len(rows) for rows in last.fit_features.rows.values()} == {260}


def fit_stores(out: Path) -> dict[str, FeatureStore]:
    """Those of two chunks, by the name of the network."""
    return {
        path.name.split("-")[0]: FeatureStore(
            place_of(path.parent, path.name), zarr.open_group(path)
        )
        for path in (out / "features").glob("*.zarr")
        if (path / "features" / "c" / "1").exists()
    }


def test_a_run_that_ended_between_two_networks_is_made_whole(tmp_path: Path) -> None:
    """An image was left out of one network; the others hear of it when they are next run."""
    write_world(tmp_path, fit=300, evaluation=20, broken=0)
    alone(world_config(tmp_path, "small", "second"), tmp_path, tmp_path / "x").extract()
    stores = fit_stores(tmp_path / "x")
    assert stores.keys() == {"small", "second"}
    stores["small"].leave_out(1, {7: DEATHS})
    image = sorted(p.relative_to(tmp_path / "fit") for p in (tmp_path / "fit").rglob("*.png"))[263]
    for study in (on_cluster, alone):
        config = world_config(tmp_path, "small", "second", "twin" if study is alone else "third")
        fit, _ = study(config, tmp_path, tmp_path / "x").extract()
        assert {len(rows) for rows in fit.rows.values()} == {299}
        assert [entry.id for entry in fit.summary.left_out] == [image.as_posix()]


def test_whole_stores_that_differ_are_made_alike(tmp_path: Path) -> None:
    """Of runs of their own, in which other images could not be read; no network lacks a chunk."""
    write_world(tmp_path, fit=300, evaluation=20, broken=0)
    config = world_config(tmp_path, "small", "second")
    alone(config, tmp_path, tmp_path / "x").extract()
    stores = fit_stores(tmp_path / "x")
    stores["small"].leave_out(1, {7: DEATHS})
    stores["second"].leave_out(0, {5: DEATHS})
    strict = world_config(tmp_path, "small", "second", strict=True)
    with pytest.raises(UnreadableImageError, match=r"a worker died"):
        on_cluster(strict, tmp_path, tmp_path / "x").extract()
    assert [len(store.problems()) for store in stores.values()] == [1, 1], "nothing was written"
    fit, _ = on_cluster(config, tmp_path, tmp_path / "x").extract()
    assert {len(rows) for rows in fit.rows.values()} == {298}
    assert len(fit.summary.left_out) == 2


def test_strict_stops_at_such_an_image(tmp_path: Path) -> None:
    write_world(tmp_path, fit=3, evaluation=3, white=(1,), broken=0)
    config = world_config(tmp_path, "deadly", strict=True)
    with pytest.raises(UnreadableImageError, match=r"class1/0001\.png: a worker died"):
        on_cluster(config, tmp_path, tmp_path / "many").extract()


def test_files_that_differ_are_noticed(tmp_path: Path) -> None:
    """The worker sees other weights: here because they change between two looks."""
    write_world(tmp_path, fit=10, evaluation=10)
    config = world_config(tmp_path, "small")
    study = on_cluster(config, tmp_path, tmp_path / "many")
    assert study.inputs  # this process has loaded the network
    nets = nets_of(tmp_path)
    nets.write_text(nets.read_text().replace("Small(0, 5)", "Small(9, 5)"))
    with pytest.raises(ClusterError, match=r"On the machine .*'small' on 'fit' is not the same"):
        study.extract()


def test_a_task_that_fails_is_one_line(tmp_path: Path) -> None:
    write_world(tmp_path, fit=10, evaluation=10)
    study = on_cluster(world_config(tmp_path, "small"), tmp_path, tmp_path / "many")
    assert study.inputs
    nets_of(tmp_path).write_text("raise RuntimeError('not here')")
    with pytest.raises(Exception, match="not here") as caught:
        study.extract()
    assert "\n" not in str(caught.value)


def test_more_than_any_machine_has(tmp_path: Path) -> None:
    write_world(tmp_path, fit=10, evaluation=10)
    config = world_config(tmp_path, "small", cluster={"cpus": 64, "patience": 2})
    with pytest.raises(ClusterError, match=r"2 seconds no machine .* 64 processors.*is kept"):
        on_cluster(config, tmp_path, tmp_path / "many").extract()


def test_options_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cluster\.cpus"):
        world_config(tmp_path, "small", cluster={"cpus": 0})
    with pytest.raises(ConfigError, match="unknown key 'cpu'"):
        world_config(tmp_path, "small", cluster={"cpu": 1})
