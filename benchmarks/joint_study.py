"""What a study takes of finished moments beyond measures: rotations, ranks, spectra, one space.

Fit moments make maps, moments of other rows judge them. What needs rows is not in it: right
predictions of hybrids, and where rows lie in the canonical space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.algebra import FakeNetwork, fake
from samefeatures.algebra import HOST
from samefeatures.joint.record import Moments
from samefeatures.maps import OLS, AffineMap, Procrustes, Ridge, SourceProblem
from samefeatures.maps.canonical.solve import attached, space_of, spaces_without
from samefeatures.maps.canonical.stack import Stack
from samefeatures.maps.method import Method
from samefeatures.maps.reduced import reduced
from samefeatures.similarity.mapped import Mapped
from samefeatures.similarity.measures.r2 import R2
from samefeatures.similarity.ranks import r2_by_rank
from samefeatures.similarity.spectra import Spectra
from samefeatures.study.canonical.leave_out import MOST
from samefeatures.study.canonical.nested import judge
from samefeatures.study.canonical.sweep import LARGEST
from samefeatures.study.spectra import map_spectrum, space_spectrum

ALPHA = 0.01


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parts:
    """What is timed, on moments of both sides.

    Attributes:
        fit: Of the rows that maps are made of.
        judge: Of the rows that judge.
    """

    fit: Moments
    judge: Moments

    @property
    def works(self) -> dict[str, Callable[[], object]]:
        """By what each is."""
        count = len(self.fit.names)
        pairs = count * (count - 1)
        return {
            f"{pairs} Procrustes maps and their R²": self.rotations,
            f"R² of {pairs} maps at every rank": self.ranks,
            f"spectra of {count} spaces and {pairs} OLS maps": self.spectra,
            f"canonical space, R² of {LARGEST} directions, each network left out": self.canonical,
        }

    def rotations(self) -> list[float]:
        """R² of every map."""
        return self._judged(Procrustes())

    def ranks(self) -> dict[tuple[str, str], Sequence[float]]:
        """R² of every pair at every rank."""
        found: dict[tuple[str, str], Sequence[float]] = {}
        for problem, targets in self._sources():
            source = problem.source
            for target in targets:
                directions = reduced(problem, target)
                found[source, target] = r2_by_rank(
                    directions, self.fit, self.judge, source, target
                ).tolist()
        return found

    def spectra(self) -> list[object]:
        """Of all spaces and OLS maps."""
        known = Spectra(self.fit)
        sizes = zip(self.fit.names, self.fit.dims, strict=True)
        spaces: list[object] = [space_spectrum(known, name, dim) for name, dim in sizes]
        return spaces + [map_spectrum(self.fit, "ols", m, algebra=HOST) for m in self._maps(OLS())]

    def canonical(self) -> list[object]:
        """The space of all, judged at k = 1, 2, 4 … and at full rank; those of all but one."""
        names = self.fit.names
        prints = dict.fromkeys(names, "")
        stack = Stack(self.fit, alpha=ALPHA)
        space = space_of(stack, self.fit, prints, k=LARGEST, alpha=ALPHA, at_most=True)
        ks = [2**i for i in range(space.k.bit_length())]
        found: list[object] = [judge(space, self.judge, ks, HOST)]
        found += self._judged(Ridge(alpha=ALPHA))
        few = min(MOST, ks[-1])
        others = spaces_without(stack, self.fit, prints, k=few, alpha=ALPHA)
        for name, each in others.items():
            late = attached(each, stack, self.fit, name, "")
            whole = replace(each, members=(*each.members, late))
            found.append(judge(whole, self.judge, [each.k], HOST))
        return found

    def _judged(self, method: Method) -> list[float]:
        return [R2().value(Mapped.of(self.judge, each)) for each in self._maps(method)]

    def _maps(self, method: Method) -> Iterator[AffineMap]:
        for problem, targets in self._sources():
            yield from method.fit(problem, targets)

    def _sources(self) -> Iterator[tuple[SourceProblem, list[str]]]:
        names = self.fit.names
        sizes = zip(names, self.fit.dims, strict=True)
        networks: dict[str, FakeNetwork] = {name: fake(name, dim) for name, dim in sizes}
        for source in names:
            yield (
                SourceProblem(source, networks, self.fit),
                [name for name in names if name != source],
            )
