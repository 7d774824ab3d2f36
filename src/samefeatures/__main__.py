"""``python -m samefeatures``."""

from samefeatures.commands.app import main

main()
