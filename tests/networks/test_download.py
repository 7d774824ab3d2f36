"""Downloads from a server on this machine: whole, resumed, cut off, wrong, missing."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from samefeatures.base.errors import CheckpointError, NetworkError
from samefeatures.base.partial import held_by_another
from samefeatures.base.progress import Silent
from samefeatures.networks.download import download, unpack

DATA = bytes(range(256)) * 5000
SHA = f"sha256:{hashlib.sha256(DATA).hexdigest()}"


class Handler(BaseHTTPRequestHandler):
    cut_after: int | None = None
    ranges: list[str]

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        if self.path != "/file":
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if start >= len(DATA):
            self.send_error(416)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(DATA) - start))
        self.end_headers()
        body = DATA[start:]
        self.wfile.write(body if server.cut_after is None else body[: server.cut_after])

    def log_message(self, *_: object) -> None:
        pass


class Server(HTTPServer):
    cut_after: int | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_whole(server: Server, tmp_path: Path) -> None:
    to = tmp_path / "new" / "file"
    assert download(server.url, to, digest=SHA, progress=Silent()) == SHA
    assert to.read_bytes() == DATA
    assert [p.name for p in to.parent.iterdir()] == ["file"]


def test_other_kinds_of_digest(server: Server, tmp_path: Path) -> None:
    digest = f"sha384:{hashlib.sha384(DATA).hexdigest()}"
    assert download(server.url, tmp_path / "f", digest=digest, progress=Silent()) == digest
    assert download(server.url, tmp_path / "g", digest=None, progress=Silent()) == SHA


def test_cut_off_then_goes_on_there(server: Server, tmp_path: Path) -> None:
    server.cut_after = 700_000
    with pytest.raises(NetworkError, match="cut off after 700000 of 1280000 bytes"):
        download(server.url, tmp_path / "file", digest=SHA, progress=Silent())
    assert not (tmp_path / "file").exists()
    server.cut_after = None
    shown: list[int] = []

    class Shown:
        def task(self, description: str, total: int):
            assert (description, total) == ("download file", len(DATA))
            return shown.append

    assert download(server.url, tmp_path / "file", digest=SHA, progress=Shown()) == SHA
    assert server.ranges == [None, "bytes=700000-"]
    assert sum(shown) == len(DATA)
    assert (tmp_path / "file").read_bytes() == DATA


def test_all_of_it_is_there_but_not_yet_in_place(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(DATA)
    assert download(server.url, tmp_path / "file", digest=SHA, progress=Silent()) == SHA
    assert server.ranges == [f"bytes={len(DATA)}-", None]


def test_a_file_that_another_process_is_fetching_is_refused(server: Server, tmp_path: Path) -> None:
    to = tmp_path / "file"
    with (tmp_path / "file.partial").open("ab") as other:
        other.write(DATA[:10])
        other.flush()
        assert not held_by_another(other)
        with pytest.raises(NetworkError, match=r"Another process is fetching file\. Wait"):
            download(server.url, to, digest=SHA, progress=Silent())
    assert server.ranges == []
    assert download(server.url, to, digest=SHA, progress=Silent()) == SHA
    assert to.read_bytes() == DATA
    assert server.ranges == ["bytes=10-"]


def test_another_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not the file that was published"):
        download(server.url, tmp_path / "f", digest=f"sha256:{'0' * 64}", progress=Silent())
    assert list(tmp_path.iterdir()) == []


def test_missing_and_unreachable(server: Server, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="could not be fetched"):
        download(f"{server.url}x", tmp_path / "f", digest=None, progress=Silent())
    with pytest.raises(NetworkError, match=r"could not be fetched \(.*refused"):
        download("http://127.0.0.1:9/file", tmp_path / "f", digest=None, progress=Silent())


def archive(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_unpack(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.tar.gz", x=b"1", deep__y=b"2")
    unpack(made, tmp_path / "out", digest="sha256:12")
    assert (tmp_path / "out" / "deep" / "y").read_bytes() == b"2"
    assert (tmp_path / "out" / "digest.txt").read_text() == "sha256:12 a.tar.gz\n"


def test_unpack_damaged_or_leading_out(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.tar.gz", x=bytes(range(256)) * 100)
    made.write_bytes(made.read_bytes()[:-200])
    for bad in (made, archive(tmp_path / "b.tar.gz", **{"..__x": b"1"})):
        with pytest.raises(CheckpointError, match="can't be unpacked"):
            unpack(bad, tmp_path / "out", digest="sha256:12")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar.gz", "b.tar.gz"]
