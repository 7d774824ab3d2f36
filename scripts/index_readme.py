"""What a package index shows: README.md, whose links into the repository lead nowhere there.

With an address of the repository in ``[project.urls]`` (``Source``) they lead to it. Without one a
link is its text and the path, as is a figure. Hatchling runs this when it builds.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)\s]+)\)")


class IndexReadme(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        source = metadata.get("urls", {}).get("Source")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_index(text, source)}


def for_index(readme: str, source: str | None) -> str:
    """The same page with no link that would be sought on the index."""

    def written(found: re.Match[str]) -> str:
        figure, text, path = found.groups()
        if source:
            view = "raw" if figure else "blob"
            return f"{figure}[{text}]({source.rstrip('/')}/{view}/main/{path})"
        return f"{text} (`{path}`)"

    where = "" if source else "\nPaths on this page are those of the source distribution.\n"
    return LINK.sub(written, readme) + where
