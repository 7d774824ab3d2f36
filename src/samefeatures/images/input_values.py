"""Values of ``Preprocessing`` as people and files give them: checked, and made plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samefeatures.base.errors import ConfigError

REQUIRED = ("input_size", "mean", "std")
"""Never guessed: they are those of the training."""
LARGEST = 2
"""Above this, mean and std are not those of pixels in [0, 1]."""
SMALL = 96
"""Below this many pixels an image is resized to the input size and not cropped."""
MOST_SCALED = 2**26
"""Pixels of a scaled image before it is cropped, and of one that is scaled in width alone: Pillow
does one side after the other. An image of 20:1 may be scaled to 1,024 pixels in height."""
OPEN = {"input_size": (3, "HEIGHT", "WIDTH"), "mean": ("R", "G", "B"), "std": ("R", "G", "B")}
ONE_CHANNEL = (
    "images are turned into RGB. A network of one channel gets a layer in front that takes one of "
    "the three, x[:, :1]"
)


def checked_size(value: object) -> tuple[int, int, int]:
    """(3, height, width) as whole numbers.

    Raises:
        ConfigError: when it is something else.
    """
    numbers = _numbers(value)
    if numbers is None or any(n != int(n) for n in numbers):
        raise ConfigError(f"input_size is {_shown(value)}; it must be (3, height, width).")
    channels, height, width = (int(n) for n in numbers)
    if channels != 3 or min(height, width) < 1 or height * width > MOST_SCALED:
        why = "channels come first" if width == 3 else ONE_CHANNEL
        if channels == 3:
            why = f"both at least 1, and together at most {MOST_SCALED:,} pixels"
        raise ConfigError(f"input_size is {value}; it must be (3, height, width): {why}.")
    return channels, height, width


def checked_channels(key: str, value: object) -> tuple[float, float, float]:
    """``mean`` or ``std`` as three numbers, for pixels in [0, 1].

    Raises:
        ConfigError: when it is something else, or looks like that of pixels from 0 to 255.
    """
    numbers = three_numbers(key, value)
    if max(map(abs, numbers)) > LARGEST:
        by_255 = [v / 255 for v in numbers]
        said, meant = (", ".join(f"{v:.6g}" for v in each) for each in (numbers, by_255))
        raise ConfigError(
            f"{key} is [{said}], which looks like that of pixels from 0 to 255. Here pixels run "
            f"from 0 to 1: write {key}: [{meant}]."
        )
    if key == "std" and min(numbers) <= 0:
        raise ConfigError(f"std is {numbers}; its values are divided by and must be positive.")
    return numbers


def three_numbers(key: str, value: object) -> tuple[float, float, float]:
    """One for each channel.

    Raises:
        ConfigError: when it is something else.
    """
    numbers = _numbers(value)
    if numbers is None:
        one = _numbers([value] * 3) or _numbers(_listed(value) * 3)
        thrice = f". For the same in all of them write ({', '.join(map(str, one))})" if one else ""
        raise ConfigError(
            f"{key} is {_shown(value)}; it must be three numbers, one per channel of RGB{thrice}."
        )
    r, g, b = numbers
    return r, g, b


def checked_number(key: str, value: object) -> float:
    """One number.

    Raises:
        ConfigError: when it is something else.
    """
    number = _number(value)
    if number is None:
        raise ConfigError(f"{key} is {_shown(value)}; it must be a number.")
    return number


def to_write(given: Mapping[str, object], *, form: str, brackets: str = "()") -> str:
    """What is required, as it is written down; capitals stand for what was not given.

    Args:
        given: What is known of it.
        form: Of one of them, e.g. ``{}={}``.
        brackets: Around numbers.
    """
    pairs = []
    for key in REQUIRED:
        items = _listed(given.get(key)) or list(OPEN[key])
        pairs.append(form.format(key, f"{brackets[0]}{', '.join(map(str, items))}{brackets[1]}"))
    return ", ".join(pairs)


def _listed(value: Any) -> list[Any]:
    """Items of a list, tuple, NumPy array or tensor; else none."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return list(value) if is_list else []


def _numbers(value: object) -> list[float] | None:
    """Three numbers; None where it is something else."""
    numbers = [n for n in map(_number, _listed(value)) if n is not None]
    return numbers if len(numbers) == len(_listed(value)) == 3 else None


def _number(value: Any) -> float | None:
    """A number of Python, finite, and no larger than a float can be; else None."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and abs(value) < 1e300 else None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
