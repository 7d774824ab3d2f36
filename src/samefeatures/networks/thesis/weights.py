"""Find, or fetch, the weights of the ten networks."""

from __future__ import annotations

import os
from pathlib import Path

from samefeatures.base.errors import CheckpointError, NetworkError
from samefeatures.base.progress import Progress
from samefeatures.networks.download import download, unpack
from samefeatures.networks.hub.client import WEIGHTS, in_cache
from samefeatures.networks.tensorflow.checkpoints import find_checkpoint
from samefeatures.networks.thesis.catalogue import ThesisNetwork


def default_weights_dir() -> Path:
    """Where weights are kept unless told otherwise: the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "samefeatures" / "weights"


def locate(network: ThesisNetwork, weights_dir: Path | None = None) -> Path | None:
    """The weights of a network, if they are on this machine.

    Looks in ``weights_dir/NAME`` (an unpacked checkpoint or SavedModel) and, for those that timm
    runs, for ``weights_dir/MODEL.safetensors`` and in the Hugging Face cache.

    Raises:
        CheckpointError: when that folder holds something else, or several checkpoints.
    """
    folder = weights_dir or default_weights_dir()
    if network.timm is not None:
        file = folder / network.file.name
        return file if file.is_file() else _in_hub_cache(network.timm)
    place = folder / network.name
    is_there = place.is_dir() and any(place.iterdir())
    return find_checkpoint(place) if is_there else None


def _in_hub_cache(model: str) -> Path | None:
    """The file that timm would load without asking the network."""
    try:
        return in_cache(f"timm/{model}", WEIGHTS)
    except ModuleNotFoundError:  # without huggingface_hub there is no cache
        return None


def missing_message(network: ThesisNetwork, weights_dir: Path | None = None) -> str:
    """Which file is missing, where it is published, and where to put it."""
    folder, file = weights_dir or default_weights_dir(), network.file
    size = f", {file.bytes / 1e6:.0f} MB" if file.bytes else ""
    put = (
        f"save it as {folder / file.name}"
        if network.timm is not None
        else f"unpack it into {folder / network.name}"
    )
    return (
        f"The weights of thesis:{network.name} are missing. Download {file.name}{size} from "
        f"{file.url} (described at {file.page}) and {put}"
    )


def fetch(network: ThesisNetwork, weights_dir: Path | None, *, progress: Progress) -> Path:
    """Download and unpack the weights of a network that ``slim:`` runs.

    Raises:
        NetworkError: when they can't be had, with the file, where it is and where to put it.
        CheckpointError: when they are not those that were published.
    """
    folder, file = weights_dir or default_weights_dir(), network.file
    archive = folder / file.name
    try:
        digest = download(file.url, archive, digest=file.digest, progress=progress)
    except CheckpointError:
        raise
    except NetworkError as error:
        raise NetworkError(f"{missing_message(network, weights_dir)}. {error}") from None
    unpack(archive, folder / network.name, digest=digest)
    archive.unlink()
    return find_checkpoint(folder / network.name)
