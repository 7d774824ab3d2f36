"""The thesis and the paper redone: their printed figures beside ours.

``published``, ``misprints``, ``figures``, ``thesis``, ``paper``, ``medians``, ``setup`` and
everything that renders know records only: no network, no image.
"""
