"""What a method is, and where methods are found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal, Self

from samefeatures.base.errors import ConfigError
from samefeatures.base.parts import Parts
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.inverse import Inverse
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes

Uses = Literal["images", "heads", "nothing"]
"""What a method looks at: a map that no image decided is a control, and read as one."""


@dataclass(frozen=True, slots=True)
class Method(ABC):
    """A way to make maps: a frozen record whose fields are its options.

    A new one is one file in ``maps/methods``, or an entry point of the group
    ``samefeatures.methods`` in another package; nothing else names it.

    Attributes:
        name: In study files and results.
        place: Among the methods of a study that names none; None where it is not one of them.
        uses: What decides the maps.
        needs_rows: Whether moments are not enough, and the fit rows are read again and again.
        packages: What it imports beside the core, whose version can change its maps.
    """

    name: ClassVar[str]
    place: ClassVar[int | None] = None
    uses: ClassVar[Uses] = "images"
    needs_rows: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ()

    @property
    def options(self) -> Mapping[str, object]:
        """By name, for reports and cache keys."""
        return asdict(self)

    def check(self, dims: Mapping[str, int]) -> None:  # noqa: B027
        """Refuse options that spaces of these widths can't have, before anything is extracted.

        Raises:
            MapError: naming the space.
        """

    @property
    def needs_folds(self) -> int:
        """Folds of the fit rows whose moments it reads, ``SourceProblem.folds``; 0: none."""
        return 0

    @abstractmethod
    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order.

        Raises:
            MapError: when the method needs rows or folds and the problem has none.
        """

    def inverse(self, problem: SourceProblem) -> Inverse | None:  # noqa: ARG002
        """S⁻¹, where all maps of the method are ``S_BA S⁻¹``; None for other methods."""
        return None

    @abstractmethod
    def work(self, sizes: Sizes) -> float:
        """Multiply-adds of all maps between spaces of these sizes."""

    def note(self, sizes: Sizes) -> str:  # noqa: ARG002
        """What a reader must know of that figure; empty where it is plain."""
        return ""

    def short(self) -> Self:
        """The same with as few steps as it takes to time one."""
        return self


def check_method(given: object, what: str) -> None:
    """Refuse what is no method: a name, a class, anything else.

    Args:
        given: What came.
        what: Named in the message.

    Raises:
        ConfigError: with what to give.
    """
    if isinstance(given, Method):
        return
    if isinstance(given, type) and issubclass(given, Method):
        raise ConfigError(
            f"{what} is the class {given.__name__}; give one, with its options: "
            f"sf.{given.__name__}()."
        )
    said = repr(given) if isinstance(given, str) else type(given).__name__
    raise ConfigError(f"{what} is {said}; it must be a method, e.g. sf.Ridge().")


METHODS: Parts[Method] = Parts(
    kind="method",
    bases=(Method,),
    package="samefeatures.maps.methods",
    group="samefeatures.methods",
)
