"""Stores on URLs: a real S3 server (moto's) on loopback, and fsspec's memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

import fsspec
import numpy as np
import pytest
from worlds_images import made_images, tiny_network

from samefeatures.base.errors import ConfigError, StoreDamagedError, StoreError
from samefeatures.base.partial import beside
from samefeatures.features.extract import extract
from samefeatures.features.place import parse_root, place_of
from samefeatures.features.store import CHUNK_ROWS
from samefeatures.features.stored import StoredFeatures


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty place in a bucket; all that it needs is in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    fsspec.filesystem("s3").mkdirs("features", exist_ok=True)
    return f"s3://features/{uuid.uuid4()}"


def values(store: StoredFeatures) -> np.ndarray:
    return np.concatenate(list(store.chunks(100)))


@pytest.fixture(params=["s3", "memory"])
def root(request: pytest.FixtureRequest) -> str:
    if request.param == "s3":
        return str(request.getfixturevalue("s3"))
    return f"memory://{uuid.uuid4()}"


def test_the_same_bytes_as_in_a_folder(root: str, tmp_path: Path) -> None:
    images, reads = made_images(2 * CHUNK_ROWS + 5)
    (near,) = extract([tiny_network("a")], images, tmp_path / "near")
    (away,) = extract([tiny_network("a")], images, root)
    assert str(away.store.place).startswith(root)
    assert np.array_equal(values(near), values(away))
    assert (away.ids, away.fingerprint, len(away)) == (near.ids, near.fingerprint, len(near))
    before = len(reads)
    (again,) = extract([tiny_network("a")], images, root)
    assert len(reads) == before, "a second run must read nothing"
    assert np.array_equal(again.span(250, 270), values(near)[250:270])
    files, path = fsspec.core.url_to_fs(str(away.store.place))
    here = Path(str(near.store.place))
    names = {str(p.relative_to(here)) for p in here.rglob("*") if p.is_file()}
    there = {str(name).split(path.strip("/"))[-1].strip("/") for name in files.find(path)}
    assert there == names
    for name in names:
        assert files.cat_file(f"{path}/{name}") == (here / name).read_bytes()


def test_ctrl_c_while_a_store_is_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody writes on behind it, as zarr's threads would."""
    written, real = [], Path.write_bytes

    def write(self: Path, data: bytes) -> int:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(self.name)
        return real(self, data)

    images, _ = made_images(3)
    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(KeyboardInterrupt):
        extract([tiny_network("a")], images, tmp_path)
    assert len(written) == 2
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_of_a_chunk_goes_with_the_next(tmp_path: Path) -> None:
    images, _ = made_images(2 * CHUNK_ROWS)
    (store,) = extract([tiny_network("a")], images, tmp_path)
    chunks = Path(str(store.store.place)) / "features" / "c"
    for k in range(2):
        whole = (chunks / str(k) / "0").rename(beside(chunks / str(k) / "0"))
        whole.write_bytes(b"begun")
    (store,) = extract([tiny_network("a")], images, tmp_path)
    assert sorted(path.relative_to(chunks).as_posix() for path in chunks.rglob("*.*")) == []
    assert np.isfinite(values(store)).all()


def test_a_chunk_that_is_gone_is_computed_again(root: str) -> None:
    images, _ = made_images(3 * CHUNK_ROWS)
    (store,) = extract([tiny_network("a")], images, root)
    whole = values(store)
    files, path = fsspec.core.url_to_fs(str(store.store.place))
    files.rm_file(f"{path}/features/c/1/0")
    assert store.store.missing() == {1}
    with pytest.raises(StoreDamagedError, match="lacks 1 of 3 chunks, the first is 1"):
        values(StoredFeatures(store.store, images))
    (store,) = extract([tiny_network("a")], images, root)
    assert np.array_equal(values(store), whole)


def test_a_flipped_byte_is_found(root: str) -> None:
    images, _ = made_images(CHUNK_ROWS)
    (store,) = extract([tiny_network("a")], images, root)
    files, path = fsspec.core.url_to_fs(f"{store.store.place}/features/c/0/0")
    data = bytearray(files.cat_file(path))
    data[len(data) // 2] ^= 1
    files.pipe_file(path, bytes(data))
    with pytest.raises(StoreDamagedError, match="damaged chunk in 'features'"):
        values(store)


def test_creating_again_takes_nothing_away(root: str) -> None:
    """Two workers may both find no store and make it; the slower one must not empty it."""
    images, _ = made_images(CHUNK_ROWS)
    (store,) = extract([tiny_network("a")], images, root)
    whole = values(store)
    kept = json.dumps(dict(store.store._group.attrs), sort_keys=True)

    def build(group: object) -> None:
        group.create_array("features", shape=(4, 4), dtype="float32")  # type: ignore[attr-defined]
        group.attrs.update(json.loads(kept))  # type: ignore[attr-defined]

    store.store.place.create(build)  # type: ignore[arg-type]
    files, path = fsspec.core.url_to_fs(f"{store.store.place}/features/c/0/0")
    assert files.exists(path)
    assert whole.shape == (CHUNK_ROWS, store.dim)


def test_no_bucket(s3: str) -> None:
    images, _ = made_images(3)
    with pytest.raises(StoreError, match=r"Can't write s3://no-such-bucket/x/.*bucket exists"):
        extract([tiny_network("a")], images, "s3://no-such-bucket/x")


def elsewhere(code: str) -> str:
    """What a fresh process says that has remembered no connection."""
    whole = f"from samefeatures.features.place import place_of\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, check=False
    )
    return done.stderr


def test_no_server(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    said = elsewhere(f"place_of({s3!r}, 'a.zarr').exists()")
    assert re.search(r"StoreError: Can't read s3://features/.*address and the keys", said), said


def test_where_a_text_leads(tmp_path: Path) -> None:
    assert parse_root("there", tmp_path) == tmp_path / "there"
    assert parse_root("file:///disk/there", tmp_path) == Path("/disk/there")
    assert parse_root("/disk/there", tmp_path) == Path("/disk/there")
    assert parse_root("s3://bucket/there", tmp_path) == "s3://bucket/there"


def test_a_kind_of_url_that_nobody_knows() -> None:
    with pytest.raises(ConfigError, match="Protocol not known: gopher"):
        place_of("gopher://x/y", "a.zarr")


def test_a_package_that_is_missing() -> None:
    said = elsewhere("import sys; sys.modules['s3fs'] = None; place_of('s3://x/y', 'a.zarr')")
    assert re.search(r"MissingExtraError: A store at s3://x/y.*samefeatures\[s3\]", said), said
