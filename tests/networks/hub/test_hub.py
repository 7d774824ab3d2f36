"""The Hub's answers and silences, from a server on this machine: one line each, and soon."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hf_models import save, save_timm
from hub_server import COMMIT, Hub, serving, use_hub

from samefeatures.base.errors import NetworkError
from samefeatures.networks.hub import client as hub_module
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork

SOON = 15.0
"""Seconds; the library's own retries take 23 for one file."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("repositories")
    return {
        "owner/vit": save("vit", root / "vit"),
        "owner/timm": save_timm("resnet10t", root / "timm", num_classes=11),
    }


def fails(source: str) -> str:
    with within(SOON), pytest.raises(NetworkError) as caught:
        load(source, threads=1)
    message = str(caught.value)
    assert "\n" not in message
    return message


@contextmanager
def within(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def loaded(source: str) -> ImageNetwork:
    with within(SOON):
        network = load(source, threads=1)
    assert isinstance(network, ImageNetwork)
    return network


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("repo", ["owner/vit", "owner/timm"])
def test_a_fetched_model_is_the_saved_one_and_stays_in_the_cache(
    repo: str, models: dict[str, Path], hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos.update(models)
    fetched = loaded(f"hf:{repo}")
    assert fetched.name == repo.split("/")[1]
    assert fetched.fingerprint == loaded(f"hf:{models[repo]}").fingerprint
    assert not any("resolve/main/model" in request for request in hub.asked)  # one commit
    asked = len(hub.asked)
    assert loaded(f"hf:{repo}").fingerprint == fetched.fingerprint
    assert not [request for request in hub.asked[asked:] if request.startswith("GET")]
    use_hub(monkeypatch, closed_port(), tmp_path / "cache")
    assert loaded(f"hf:{repo}").fingerprint == fetched.fingerprint
    assert loaded(f"hf:{repo}?revision={COMMIT}").fingerprint == fetched.fingerprint


def test_a_revision(models: dict[str, Path], hub: Hub) -> None:
    hub.repos.update(models)
    assert loaded("hf:owner/vit?revision=v1").dim == 48
    message = fails("hf:owner/vit?revision=v2")
    assert "'owner/vit' has no revision 'v2'" in message
    assert f"{hub.url}/owner/vit" in message


def test_offline_and_not_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_hub(monkeypatch, closed_port(), tmp_path / "cache")
    message = fails("hf:owner/vit")
    assert "can't be reached" in message
    assert "Connection refused" in message
    assert str(tmp_path / "cache") in message
    assert "hf:PATH" in message


def test_offline_and_partly_in_the_cache(
    models: dict[str, Path], hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos.update(models)
    hub_module.Snapshot("owner/vit", revision=None, source="x").find("config.json")
    use_hub(monkeypatch, closed_port(), tmp_path / "cache")
    assert "does not hold model.safetensors or" in fails("hf:owner/vit")


@pytest.mark.parametrize("source", ["timm:resnet10t.c3_in1k", "timm:hf-hub:owner/timm"])
def test_timm_gives_up_as_soon(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_hub(monkeypatch, closed_port(), tmp_path / "cache")
    message = fails(source)
    assert "Connection refused" in message
    assert "?checkpoint=PATH" in message


def test_timm_from_the_cache_without_the_hub(
    models: dict[str, Path], hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos["owner/timm"] = models["owner/timm"]
    online = loaded("timm:hf-hub:owner/timm")
    use_hub(monkeypatch, closed_port(), tmp_path / "cache")
    assert loaded("timm:hf-hub:owner/timm").fingerprint == online.fingerprint


def test_offline_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "can't be reached" in fails("hf:owner/vit")
    assert hub.asked == []


def test_a_name_that_does_not_exist(hub: Hub) -> None:
    message = fails("hf:owner/nothing")
    assert "there is no model 'owner/nothing'" in message
    assert "hf auth login" in message
    hub.refusals["owner/gone"] = (404, "RepoNotFound")
    assert "there is no model 'owner/gone'" in fails("hf:owner/gone")


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_model_says_how_to_log_in(hub: Hub, status: int) -> None:
    hub.refusals["owner/gated"] = (status, "GatedRepo")
    message = fails("hf:owner/gated")
    assert "'owner/gated' is gated" in message
    assert f"{hub.url}/owner/gated" in message
    assert "hf auth login" in message


def test_a_closed_door(hub: Hub) -> None:
    hub.refusals["owner/closed"] = (403, "")
    assert "does not let you read 'owner/closed' (403)" in fails("hf:owner/closed")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_hub_is_not_asked_again_and_again(hub: Hub, status: int) -> None:
    hub.refusals["owner/vit"] = (status, "")
    assert f"it answers {status}" in fails("hf:owner/vit")
    assert len(hub.asked) == 1


def test_no_config_and_no_weights(models: dict[str, Path], hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    hub.repos["owner/bare"] = tmp_path / "bare"
    assert "has no config.json" in fails("hf:owner/bare")
    shutil.copy(models["owner/vit"] / "config.json", tmp_path / "bare")
    hub.repos["owner/flax"] = tmp_path / "bare"
    assert "has no PyTorch weights" in fails("hf:owner/flax")


def test_bytes_that_were_changed_on_the_way(models: dict[str, Path], hub: Hub) -> None:
    hub.repos.update(models)
    hub.damage.add("model.safetensors")
    message = fails("hf:owner/vit")
    assert "model.safetensors came damaged" in message
    assert "Delete" in message


@pytest.mark.parametrize("name", ["a--b/c", "owner/na me", "-owner/x"])
def test_what_can_not_be_a_name(hub: Hub, name: str) -> None:
    assert f"'{name}' is no name of a model" in fails(f"hf:{name}")


def test_the_command_line_with_the_real_variables(models: dict[str, Path], tmp_path: Path) -> None:
    """HF_ENDPOINT and HF_HOME as a user sets them; one line and no stack trace."""

    def check(source: str, url: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "home")}
        command = [sys.executable, "-m", "samefeatures", "check", source]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    with serving() as server:
        server.repos.update(models)
        done = check("hf:owner/vit", server.url)
        assert done.returncode == 0, done.stderr
        assert "squash crop" in done.stdout
        gone = check("hf:owner/nothing", server.url)
    offline = check("hf:owner/nothing", closed_port())
    for failed, text in ((gone, "there is no model"), (offline, "can't be reached")):
        assert failed.returncode == 1
        assert text in failed.stderr
        assert len(failed.stderr.strip().splitlines()) == 1
        assert "Traceback" not in failed.stderr
