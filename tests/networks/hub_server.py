"""A small Hugging Face Hub on 127.0.0.1, for the library's own requests and errors."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server holds, and what it was asked.

    Attributes:
        url: Of the server.
        repos: Folders by ``owner/name``.
        refusals: (status, X-Error-Code) by ``owner/name``.
        asked: Method and path of every request.
        damage: Names of files whose bytes are sent wrong.
    """

    url: str = ""
    repos: dict[str, Path] = field(default_factory=dict)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    damage: set[str] = field(default_factory=set)


@contextmanager
def serving() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def log_message(self, *_: object) -> None:
            pass

        def answer(self, *, body: bool) -> None:
            if "/resolve/" not in self.path:  # the library asks for other things now and then
                self.refuse(404, "")
                return
            hub.asked.append(f"{self.command} {self.path}")
            owner, name, _, revision, file = self.path.lstrip("/").split("/", 4)
            repo = f"{owner}/{name}"
            if repo in hub.refusals:
                status, code = hub.refusals[repo]
                self.refuse(status, code)
            elif repo not in hub.repos:
                self.refuse(401, "RepoNotFound")  # what the Hub says to those not logged in
            elif revision not in ("main", "v1", COMMIT):
                self.refuse(404, "RevisionNotFound")
            elif not (hub.repos[repo] / file).is_file():
                self.refuse(404, "EntryNotFound")
            else:
                self.send(hub.repos[repo] / file, body=body)

        def refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send(self, path: Path, *, body: bool) -> None:
            data = path.read_bytes()
            large = path.suffix == ".safetensors"
            digest = hashlib.sha256(data) if large else hashlib.sha1(data)
            self.send_response(200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{digest.hexdigest()}"')
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                wrong = path.name in hub.damage
                self.wfile.write(bytes(len(data)) if wrong else data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def use_hub(monkeypatch: pytest.MonkeyPatch, url: str, cache: Path) -> None:
    """What HF_ENDPOINT and HF_HUB_CACHE do before the library is imported."""
    from huggingface_hub import constants

    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
