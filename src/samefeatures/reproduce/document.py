"""The two documents: their networks, crops, methods, and how a study is put beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from samefeatures.base.errors import ConfigError
from samefeatures.reproduce.figures import Comparison
from samefeatures.reproduce.paper import NORMALISED, compare_with_paper
from samefeatures.reproduce.published import PAPER_NETWORKS, published_thesis
from samefeatures.reproduce.thesis import compare_with_thesis


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is redone.

    Attributes:
        name: ``thesis`` or ``paper``.
        title: Of the study.
        crops: Pixels by network, in the order of its table.
        methods: Of the study.
        compare: Puts a study's results beside what is printed.
    """

    name: str
    title: str
    crops: Mapping[str, int]
    methods: tuple[str, ...]
    compare: Callable[..., Comparison]


def document(name: str) -> Document:
    """One of the two.

    Raises:
        ConfigError: when there is no such document.
    """
    if name == "thesis":
        return Document(
            name=name,
            title="The thesis' ten networks: Tables 5.1, 5.2 and 5.3",
            crops={n: row.local_crop for n, row in published_thesis().networks.items()},
            methods=("ols", "logit", "naive"),
            compare=compare_with_thesis,
        )
    if name == "paper":
        # The paper names 299 for Inception-v4, and "identical preprocessing" for both networks.
        crops = dict.fromkeys(PAPER_NETWORKS, 299)
        return Document(
            name=name,
            title="The paper's two networks: Table 1",
            crops=crops,
            methods=(NORMALISED[0], "ols"),
            compare=compare_with_paper,
        )
    raise ConfigError(f"There is no document '{name}' to reproduce. There are: thesis, paper.")
