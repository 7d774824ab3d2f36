"""What is taken is told by names, and what is not is counted in one short line."""

from __future__ import annotations

import pytest

from samefeatures.images.taking import BARE, HIDDEN, Listed, is_image, passed_over


@pytest.mark.parametrize(
    ("path", "why"),
    [
        *((name, None) for name in ("a.jpg", "./a/b.PNG", "../x.jfif", "a.b/c.d.tiff")),
        *((name, HIDDEN) for name in (".a.png", "./.a/b.png", "a/._b.jpg", ".AppleDouble/x.jpg")),
        *(("a/@eaDir/x.png", "@eaDir"), ("a.txt", ".txt"), ("a.HEIC", ".heic"), ("a.jp2", ".jp2")),
        *(("README", BARE), ("a.d/README", BARE), ("a.png~", "others"), ("x.[red]", "others")),
        *(("x.\x1b[31m", "others"), ("x." + "y" * 40, "others"), ("x.", "others")),
    ],
)
def test_why_a_path_is_passed_over(path: str, why: str | None) -> None:
    assert passed_over(path) == why
    assert is_image(path) == (why is None)


def test_the_line() -> None:
    assert str(Listed(1)) == "took 1 image"
    assert str(Listed(4000, {".txt": 12, "hidden": 3})) == (
        "took 4,000 images; passed over 12 .txt, 3 hidden"
    )
    many = {f".e{k}": 1000 + k for k in range(9)}
    assert str(Listed(0, many)).endswith("1,003 .e3, 3,003 others")


def test_the_sum_of_parts() -> None:
    parts = [Listed(2, {".txt": 1}), None, Listed(3, {".txt": 2, "hidden": 1})]
    assert Listed.of_all(parts) == Listed(5, {".txt": 3, "hidden": 1})
    assert Listed.of_all([None]) is None
