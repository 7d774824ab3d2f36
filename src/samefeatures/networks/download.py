"""Fetch a published file: with progress, resumed, checked against its digest, unpacked safely."""

from __future__ import annotations

import hashlib
import http.client
import os
import tarfile
import urllib.request
from pathlib import Path
from typing import IO

from samefeatures.base.border import border
from samefeatures.base.errors import CheckpointError, FileError, NetworkError, said
from samefeatures.base.files import write_whole, writing
from samefeatures.base.partial import building, held_by_another, move
from samefeatures.base.progress import Advance, Progress

PIECE = 1 << 20
NOTHING_LEFT = 416
"""Answer of a server that is asked for what lies behind the end."""
PATIENCE = 30.0
"""Seconds without an answer before giving up."""


def download(url: str, to: Path, *, digest: str | None, progress: Progress) -> str:
    """Fetch a file, going on where an earlier try was cut off.

    Args:
        url: Where it is.
        to: File to write; what has come so far stands beside it as ``.partial``.
        digest: ``sha256:…`` or ``sha384:…`` that it must have; None when nobody published one.
        progress: Shows how much has come.

    Returns:
        The digest of what came, ``sha256:…`` unless another kind was given.

    Raises:
        NetworkError: when it can't be fetched; what came stays, and the next try goes on there.
        CheckpointError: when its digest is another; what came is thrown away.
    """
    partial = to.with_name(f"{to.name}.partial")  # one name for all: the next try goes on with it
    with writing(partial):
        to.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("ab") as file:
            if held_by_another(file):
                raise NetworkError(
                    f"Another process is fetching {to.name}. Wait until it has come, then run the "
                    "same command again."
                )
            _fetch(url, file, to.name, progress)
            found = digest_of(partial, kind=(digest or "sha256").partition(":")[0])
            if digest is not None and found != digest:
                partial.unlink()
                raise CheckpointError(
                    f"{url} is not the file that was published: its digest is {found}, it should "
                    f"be {digest}. It was thrown away; fetch it again, or from another place."
                )
            move(file, to)
    return found


def _fetch(url: str, file: IO[bytes], name: str, progress: Progress) -> None:
    """Append what is not in the file yet."""
    have = file.seek(0, os.SEEK_END)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            if answer.status != 206:
                have = file.truncate(0)
            left = int(answer.headers.get("Content-Length") or 0)
            advance = progress.task(f"download {name}", left + have)
            advance(have)
            came = _copy(answer, file, advance)
    except (http.client.HTTPException, OSError) as error:  # HTTPError and URLError are OSErrors
        if have and getattr(error, "code", None) == NOTHING_LEFT:
            file.truncate(0)  # all of it is here, or it is another file now
            return _fetch(url, file, name, progress)
        why = getattr(error, "reason", None) or said(error)
        raise NetworkError(f"{url} could not be fetched ({why}).") from None
    if left and came != left:
        raise NetworkError(
            f"{url} was cut off after {came} of {left} bytes. Run the same command again: it "
            "goes on there."
        )
    return None


def _copy(answer: IO[bytes], file: IO[bytes], advance: Advance) -> int:
    came = 0
    while piece := answer.read(PIECE):
        file.write(piece)
        came += len(piece)
        advance(len(piece))
    file.flush()
    return came


def digest_of(path: Path, *, kind: str) -> str:
    """``sha256:…`` or the like of a file."""
    with path.open("rb") as file:
        return f"{kind}:{hashlib.file_digest(file, kind).hexdigest()}"


def unpack(archive: Path, to: Path, *, digest: str) -> None:
    """Unpack a tar archive into a new folder, which appears whole or not at all.

    Links and paths that lead out of the folder are refused. The archive's digest is kept in it.

    Raises:
        CheckpointError: when it is damaged or refused.
    """
    with writing(to):
        to.parent.mkdir(parents=True, exist_ok=True)
        if to.is_dir() and not any(to.iterdir()):
            to.rmdir()
        with building(to) as fresh:
            try:
                with border(), tarfile.open(archive) as tar:
                    tar.extractall(fresh, filter="data")
            except FileError as error:
                raise CheckpointError(
                    f"{archive} can't be unpacked ({error}). Remove it and download it again."
                ) from None
            write_whole(fresh / "digest.txt", f"{digest} {archive.name}\n".encode())
