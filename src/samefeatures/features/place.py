"""Where a feature store lies: a folder, or a URL of fsspec such as ``s3://bucket/prefix``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import zarr
from zarr.core.buffer import Buffer
from zarr.storage import FsspecStore, LocalStore, MemoryStore

from samefeatures.base.errors import ConfigError, MissingExtraError, StoreError, first_line, require
from samefeatures.base.files import write_whole, writing
from samefeatures.base.partial import building, clear_leftovers
from samefeatures.base.paths import PathLike, as_path

Root = Path | str
"""A folder of stores, or the URL of one."""


class Place(Protocol):
    """One store: a zarr group that appears whole, and whose chunks do."""

    def exists(self) -> bool:
        """Whether the group is there, with its attributes."""

    def create(self, build: Callable[[zarr.Group], None]) -> None:
        """Make the group with ``build``; until it is whole nobody sees it."""

    def open(self) -> zarr.Group:
        """The group, to read and write. Raises whatever zarr raises."""

    def stored_chunks(self, array: str, count: int) -> set[int]:
        """Which of the chunks 0 to ``count`` of an array, along its first axis, are there."""

    def writing(self) -> AbstractContextManager[None]:
        """Turns refusals into a StoreError that says what to do."""

    def refused(self, error: Exception) -> bool:
        """Whether an error while reading is the place's, and not of damaged bytes."""


def place_of(root: Root, name: str) -> Place:
    """The place of the store ``name`` below a root.

    Raises:
        MissingExtraError: when no package is installed that reads such URLs.
        ConfigError: when there is no such kind of URL.
    """
    if isinstance(root, Path):
        return Folder(root / name)
    return RemotePlace(f"{root.rstrip('/')}/{name}")


def parse_root(text: str, base: Path) -> Root:
    """A URL as it stands; a path, also one that begins with ``file://``, from ``base``."""
    path = text.removeprefix("file://")
    return text if "://" in path else base / as_path(path)


def root_of(given: PathLike) -> Root:
    """What a caller means: a folder, or the URL of one."""
    return parse_root(given, Path()) if isinstance(given, str) else as_path(given)


def clear_orphans(root: Root) -> None:
    """Remove what killed processes left unfinished; in a bucket nothing is ever unfinished."""
    if isinstance(root, Path):
        clear_leftovers(root)


def _built(build: Callable[[zarr.Group], None]) -> dict[str, bytes]:
    """The files of a new group."""
    memory: dict[str, Any] = {}
    build(zarr.open_group(MemoryStore(memory), mode="w", zarr_format=3))
    return {key: value.to_bytes() for key, value in memory.items()}


class WholeFiles(LocalStore):
    """Files of a group; what a killed process left of one goes when it is written again.

    Zarr's own unfinished files have no lock: whether somebody writes them can't be known.
    """

    async def set(self, key: str, value: Buffer) -> None:
        await asyncio.to_thread(_put, self.root / key, value.to_bytes())


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path.parent)
    write_whole(path, data)


@dataclass(frozen=True)
class Folder:
    """A folder of this machine, or of a disk that several share."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        return (self.path / "zarr.json").exists()

    def create(self, build: Callable[[zarr.Group], None]) -> None:
        with self.writing():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with building(self.path) as partial:
                # Not by zarr, whose threads would write on when Ctrl-C has come.
                for key, data in _built(build).items():
                    (partial / key).parent.mkdir(parents=True, exist_ok=True)
                    (partial / key).write_bytes(data)

    def open(self) -> zarr.Group:
        return zarr.open_group(WholeFiles(self.path), mode="r+", zarr_format=3)

    def stored_chunks(self, array: str, count: int) -> set[int]:
        folder = self.path / array / "c"
        return {k for k in range(count) if (folder / str(k) / "0").exists()}

    def writing(self) -> AbstractContextManager[None]:
        return writing(self.path)

    def refused(self, error: Exception) -> bool:  # noqa: ARG002
        return False


class RemotePlace:
    """A prefix in a bucket, or whatever else fsspec knows by its URL.

    Keys and passwords come from the environment, as the kind of storage has it (for S3
    ``AWS_ACCESS_KEY_ID`` and its like, ``AWS_ENDPOINT_URL`` for other servers than Amazon's).
    Raises what ``place_of`` says.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._files, self._path = _file_system(url)

    def __str__(self) -> str:
        return self.url

    def exists(self) -> bool:
        with self._asked("read"):
            return bool(self._files.exists(f"{self._path}/zarr.json"))

    def create(self, build: Callable[[zarr.Group], None]) -> None:
        """Build in memory, then put file by file, the group's own last: there is no renaming.

        Two processes may do so at once; they put the same bytes, and delete nothing.
        """
        files = _built(build)
        with self.writing():
            for key in sorted(files, key=lambda key: key == "zarr.json"):
                self._files.pipe_file(f"{self._path}/{key}", files[key])

    def open(self) -> zarr.Group:
        return zarr.open_group(self._store, mode="r+", zarr_format=3)

    @cached_property
    def _store(self) -> FsspecStore:
        # No listing may be remembered: other machines write here too.
        return FsspecStore.from_url(self.url, storage_options={"use_listings_cache": False})

    def stored_chunks(self, array: str, count: int) -> set[int]:
        """One listing, whatever the number of chunks."""
        folder = f"{self._path}/{array}/c"
        with self._asked("read"):
            try:
                found = self._files.find(folder)
            except FileNotFoundError:
                found = []
        places = (str(name).rstrip("/").split("/")[-2:] for name in found)
        return {int(k) for k, last in places if k.isdigit() and last == "0"} & set(range(count))

    def writing(self) -> AbstractContextManager[None]:
        return self._asked("write", ", then run the same command again; what is stored is kept")

    @contextmanager
    def _asked(self, verb: str, more: str = "") -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except Exception as error:  # every kind of storage has its own
            raise StoreError(
                f"Can't {verb} {self.url}: {first_line(error)}. Check that the bucket exists, and "
                f"that the address and the keys in the environment are right{more}."
            ) from None

    def refused(self, error: Exception) -> bool:
        """Networks fail with OSErrors, S3's library with errors of its own."""
        module = type(error).__module__.partition(".")[0]
        return isinstance(error, OSError) or module in ("botocore", "aiobotocore", "aiohttp")


def _file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system for a URL, which remembers no listing, and the path in it."""
    fsspec = require("fsspec", extra="s3", purpose=f"A store at {url}")
    try:
        files, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        extra = " with: pip install 'samefeatures[s3]'" if url.startswith("s3:") else ""
        raise MissingExtraError(
            f"A store at {url} needs a package that is not installed ({error}). Install it{extra}."
        ) from None
    except ValueError as error:
        raise ConfigError(
            f"The store {url} can't be opened: {error}. Give a folder, s3://BUCKET/PREFIX, or "
            "another URL that fsspec knows."
        ) from None
    return files, path
