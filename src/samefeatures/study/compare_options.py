"""What ``compare`` is asked to do, checked before anything is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_text
from samefeatures.base.strict import check_name
from samefeatures.features.given import GivenRows, Rows
from samefeatures.features.sample import SAMPLE
from samefeatures.maps import Method
from samefeatures.maps.method import check_method
from samefeatures.similarity import MEASURES
from samefeatures.similarity.passing import Passing


def labelled_methods(
    methods: Sequence[Method] | Mapping[str, Method],
    measures: Sequence[str],
    heads: Mapping[str, Any] | None,
    spaces: Mapping[str, Rows],
) -> dict[str, Method]:
    """Methods by label; they and the measures are checked.

    Raises:
        ConfigError: when one is none, stands twice, or asks for heads that are not there.
    """
    for what, given in (("methods", methods), ("measures", measures)):
        by_label = what == "methods" and isinstance(given, Mapping)
        if not by_label and not isinstance(given, list | tuple):
            said = repr(given) if isinstance(given, str) else type(given).__name__
            example = "[sf.Ridge()]" if what == "methods" else "['r2', 'cka']"
            raise ConfigError(f"{what} is {said}; give a list, e.g. {what}={example}.")
    pairs = (
        list(methods.items())
        if isinstance(methods, Mapping)
        else [(getattr(method, "name", ""), method) for method in methods]
    )
    if not pairs:
        raise ConfigError("methods is empty. Give one, e.g. sf.Ridge().")
    for label, method in pairs:
        check_method(method, "One of methods")
        check_text("The label of a method", label, ConfigError)
        try:
            check_name(label, "the label")
        except ValueError as error:
            raise ConfigError(f"methods: {error}.") from None
        if method.uses == "heads" and set(heads or ()) != set(spaces):
            raise ConfigError(
                f"The method '{method.name}' is made of heads, and not every space has one. Leave "
                "it out, or give heads={…} for all."
            )
    labels = [label for label, _ in pairs]
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        raise ConfigError(
            f"Two methods are called '{min(twice)}'. Give them by label: methods={{'weak': "
            "sf.Ridge(alpha=1.0), …}."
        )
    MEASURES.each(measures)
    return dict(pairs)


def passing_of(
    spaces: Mapping[str, GivenRows], measures: Sequence[str], sample: int | None
) -> Passing:
    """What the measures need beside moments.

    Raises:
        ConfigError: when ``sample`` is given and no measure reads rows.
    """
    reads = {MEASURES.get(name).reads for name in measures}
    if "rows" not in reads and sample is not None:
        raise ConfigError(
            "sample has no effect: no measure here reads rows. Leave it out, or add one that does, "
            "e.g. mutual_knn."
        )
    count = (SAMPLE if sample is None else sample) if "rows" in reads else None
    return Passing(spaces, norms="norms" in reads, sample=count)
