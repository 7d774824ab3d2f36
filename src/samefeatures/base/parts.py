"""Exchangeable parts of one kind: a file each in a package of ours, and what others bring."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known
from samefeatures.base.plugins import load_plugin, plugins


class Part(Protocol):
    """A class that is found by its name.

    Attributes:
        name: In study files and results.
        place: Among those that a study takes when it names none; None where it is not one of them.
    """

    name: ClassVar[str]
    place: ClassVar[int | None]


P = TypeVar("P", bound=Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts(Generic[P]):
    """The classes of one kind.

    Ours are the files of a package: the file ``x.py`` holds a class whose ``name`` is ``x``. Other
    packages register theirs as entry points. A name of ours stays ours, and what a study takes when
    it names none are ours alone, so that no result depends on what is installed beside.

    Attributes:
        kind: What each of them is, in a word.
        bases: Of which each derives from one.
        package: Whose files ours are.
        group: Of the others' entry points.
    """

    kind: str
    bases: tuple[type[Any], ...]
    package: str
    group: str

    @property
    def names(self) -> list[str]:
        """Ours, then the others'."""
        return list(dict.fromkeys([*self._files(), *plugins(self.group)]))

    @property
    def ours(self) -> list[str]:
        """Those that are files of the package."""
        return self._files()

    @property
    def defaults(self) -> list[str]:
        """Those that a study takes when it names none, in order."""
        places = {name: self.get(name).place for name in self._files()}
        return [n for _, n in sorted((p, n) for n, p in places.items() if p is not None)]

    def get(self, name: str) -> type[P]:
        """The class of that name, imported only now.

        Raises:
            ConfigError: when there is none, or what another package brings can't be used.
        """
        if name in self._files():
            module = importlib.import_module(f"{self.package}.{name}")
            found = filter(self._is_one, vars(module).values())
            return cast("type[P]", next(each for each in found if each.name == name))
        others = plugins(self.group)
        check_known(name, self.names, f"unknown {self.kind}", ConfigError)
        brought: Any = load_plugin(others[name], type)
        if not self._is_one(brought) or brought.name != name:
            bases = " or ".join(f"{base.__module__}.{base.__name__}" for base in self.bases)
            raise ConfigError(
                f"The {self.kind} '{name}' of {others[name].value} must be a class with "
                f"name = '{name}' that derives from {bases}. Update or uninstall the package that "
                "brings it."
            )
        return cast("type[P]", brought)

    def each(self, names: Sequence[str]) -> list[type[P]]:
        """The classes of several names, none of which may stand twice.

        Raises:
            ConfigError: as ``get``, and when one does.
        """
        found = [self.get(name) for name in names]
        twice = sorted(name for name in set(names) if names.count(name) > 1)
        if twice:
            raise ConfigError(f"the {self.kind} '{twice[0]}' stands twice; name it once")
        return found

    def key(self, name: str) -> str:
        """The name; of another package with what tells its versions apart, for keys of caches."""
        point = None if name in self._files() else plugins(self.group).get(name)
        if point is None or point.dist is None:
            return name
        return f"{name} of {point.dist.name} {point.dist.version}"

    def _files(self) -> list[str]:
        folder = importlib.import_module(self.package).__path__
        return [module.name for module in pkgutil.iter_modules(folder)]

    def _is_one(self, value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, self.bases) and hasattr(value, "name")
