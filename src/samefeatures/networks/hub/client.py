"""Files of one model on the Hugging Face Hub, from its cache where that has them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from samefeatures.base.errors import NetworkError, said

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Names of files that weights have on the Hub, where they are in one file."""
PATIENCE = 5.0
"""Seconds that the Hub may take to answer the first question."""

SHA256_DIGITS = 64

BUSY = (408, 429, 500, 502, 503, 504)
"""Answers that say nothing about the model."""


class Snapshot:
    """One revision of a model repository; files are fetched one by one, into the Hub's own cache.

    The Hub is asked once, without the library's half-minute of retries for every file. When it
    does not answer, only the cache is looked at.

    Args:
        repo: ``owner/name``.
        revision: Branch, tag or commit; None for the main branch.
        source: For messages.
    """

    def __init__(self, repo: str, *, revision: str | None, source: str) -> None:
        self.repo = repo
        self.source = source
        self.unreachable = unreachable(repo, revision=revision)
        self._revision = revision or "main"

    def find(self, name: str) -> Path | None:
        """Where a file lies on this machine, fetched if need be; None if there is no such file.

        Without the Hub, a file that is not in the cache counts as not there.

        Raises:
            NetworkError: when the repository does not exist or is closed, or a download fails or
                comes damaged.
        """
        import huggingface_hub
        from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError

        cached = in_cache(self.repo, [name], revision=self._revision)
        try:
            path = Path(
                huggingface_hub.hf_hub_download(
                    self.repo,
                    name,
                    revision=self._revision,
                    local_files_only=self.unreachable is not None,
                )
            )
        except RemoteEntryNotFoundError:
            return None
        except LocalEntryNotFoundError as error:
            if self.unreachable is None:
                raise NetworkError(self._refused(error.__cause__ or error)) from None
            return None
        except Exception as error:  # of the Hub, of the connection, of the disk
            raise NetworkError(self._refused(error)) from None
        if not cached:
            _check_hash(path, self.source)
        # What follows comes from the same commit, even if the branch moves on meanwhile.
        self._revision = _commit(path, name)
        return path

    def first(self, names: Sequence[str]) -> Path | None:
        """The first of several files that is there.

        Raises:
            NetworkError: as ``find``; and when the Hub can't be reached and the cache has none.
        """
        for name in names:
            found = self.find(name)
            if found is not None:
                return found
        if self.unreachable is not None:
            raise NetworkError(
                f"{self.source}: the Hugging Face Hub can't be reached ({self.unreachable}), and "
                f"its cache {_cache()} does not hold {' or '.join(names)} of '{self.repo}'. "
                "Connect once, copy the cache from another machine, or give a folder that "
                "save_pretrained wrote: hf:PATH."
            )
        return None

    def _refused(self, error: BaseException) -> str:
        return f"{self.source}: {refusal(error, self.repo, self._revision)}"


def unreachable(repo: str, *, revision: str | None = None) -> str | None:
    """Why the Hub does not answer, asked once; None when it does, whatever it says.

    Args:
        repo: ``owner/name``; asked for its ``config.json``.
        revision: Branch, tag or commit.
    """
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    try:
        url = huggingface_hub.hf_hub_url(repo, "config.json", revision=revision)
        huggingface_hub.get_hf_file_metadata(url, timeout=PATIENCE)
    except HfHubHTTPError as error:
        status = error.response.status_code
        return f"it answers {status}" if status in BUSY else None
    except ValueError:  # not a repository's name; the download says so
        return None
    except Exception as error:  # no name server, no route, a proxy, offline mode, …
        return said(error)
    return None


def in_cache(repo: str, names: Sequence[str], *, revision: str | None = None) -> Path | None:
    """The first of these files of a repository that the Hub's cache holds."""
    import huggingface_hub

    for name in names:
        with suppress(ValueError):  # not a repository's name
            found = huggingface_hub.try_to_load_from_cache(repo, name, revision=revision)
            if isinstance(found, str):
                return Path(found)
    return None


def refusal(error: BaseException, repo: str, revision: str) -> str:
    """What the Hub's refusal means, and what to do."""
    from huggingface_hub import constants, errors

    page = f"{constants.ENDPOINT}/{repo}"
    login = "log in with 'hf auth login' (or set HF_TOKEN)"
    if isinstance(error, errors.GatedRepoError):
        return f"'{repo}' is gated. Accept its terms on {page}, then {login}, and run again."
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"there is no model '{repo}' on the Hugging Face Hub, or it is private, and there is "
            f"no such folder here. Check the name; for a private one {login}."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"'{repo}' has no revision '{revision}'. Its branches and tags are on {page}."
    if isinstance(error, errors.HfHubHTTPError) and error.response.status_code in (401, 403):
        return (
            f"the Hub does not let you read '{repo}' ({error.response.status_code}). Look at "
            f"{page} in a browser, then {login}."
        )
    if isinstance(error, ValueError):
        return f"'{repo}' is no name of a model on the Hub, nor a folder here. Give owner/name."
    return f"'{repo}' could not be fetched from the Hub ({said(error)}). Run again."


def _check_hash(path: Path, source: str) -> None:
    """Large files are stored under their SHA-256, which the library itself does not check."""
    stored = path.resolve()
    if len(stored.name) != SHA256_DIGITS:
        return
    with stored.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != stored.name:
        raise NetworkError(
            f"{source}: {path.name} came damaged from the Hub (SHA-256 {found[:12]}…, not "
            f"{stored.name[:12]}…). Delete {stored} and run again."
        )


def _commit(path: Path, name: str) -> str:
    """The commit in ``…/snapshots/COMMIT/NAME``."""
    return path.parents[name.count("/")].name


def _cache() -> Any:
    from huggingface_hub import constants

    return constants.HF_HUB_CACHE
