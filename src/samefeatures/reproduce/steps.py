"""What to type next, in order: fetch weights, look again, run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields

from samefeatures.reproduce.experiment import Experiment, Options
from samefeatures.reproduce.imagenet import DEVKIT, PAGE, ImageNet, archive_of, unpack_command
from samefeatures.reproduce.networks import Weights


def steps(
    experiment: Experiment, lacking: Sequence[Weights], problems: Sequence[str]
) -> tuple[str, ...]:
    """Commands that fetch and unpack, then the dry run again if anything was missing, then the run.

    A line that begins with ``#`` says what can't be typed.
    """
    commands = []
    if not experiment.options.download:
        commands += [fetch_command(weights) for weights in lacking]
    commands += _unpack(experiment.images)
    if problems or commands:
        commands.append(f"{run_command(experiment)} --dry-run")
    return (*commands, run_command(experiment))


def _unpack(images: ImageNet) -> list[str]:
    """ImageNet needs an account, so that its archives are fetched by hand."""
    if not images.absent:
        return []
    wanted = [archive_of(part) for part in images.absent]
    lacking = [name for name in (*wanted, DEVKIT) if not (images.data / name).is_file()]
    by_hand = [f"# from {PAGE}, into {images.data}: {', '.join(lacking)}"] if lacking else []
    extras = "pip install 'samefeatures[torchvision]'"
    return [*by_hand, extras, *(unpack_command(images.data, part) for part in images.absent)]


def fetch_command(weights: Weights) -> str:
    """One line that downloads the weights and puts them where they are looked for."""
    place, url = shlex.quote(str(weights.place)), shlex.quote(weights.url)
    if weights.archive:
        return f"mkdir -p {place} && curl -fL {url} | tar -xz -C {place}"
    return f"mkdir -p {shlex.quote(str(weights.place.parent))} && curl -fL {url} -o {place}"


def run_command(experiment: Experiment) -> str:
    """The command that this plan is of, without ``--dry-run``."""
    words = ["samefeatures", "reproduce", experiment.document.name]
    for field in fields(Options):
        value = getattr(experiment.options, field.name)
        option = f"--{field.name.replace('_', '-')}"
        if isinstance(value, Mapping):
            for name, pixels in value.items():
                words += ["--crop", f"{name}={pixels}"]
        elif value is True:
            words.append(option)
        elif value and value != field.default:
            words += [option, ",".join(value) if isinstance(value, tuple) else str(value)]
    return shlex.join(words)
