"""Pictures made in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MakeFiles = Callable[..., Path]
"""See the fixture ``make_files``."""


def encoded(image: Image.Image, kind: str = "png", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(value: int = 0, size: tuple[int, int] = (6, 5)) -> Image.Image:
    return Image.new("RGB", size, (value % 256, (value * 7) % 256, 99))


def gradient(width: int, height: int) -> np.ndarray:
    """(height, width, 3) bytes in which every corner differs."""
    x = np.linspace(0, 255, width)[None, :, None]
    y = np.linspace(0, 255, height)[:, None, None]
    mixed = np.concatenate([x + 0 * y, 0 * x + y, (255 - x) * y / 255], axis=2)
    return mixed.round().astype(np.uint8)
