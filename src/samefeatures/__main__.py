"""``python -m samefeatures``."""

from samefeatures.cli import main

main()
