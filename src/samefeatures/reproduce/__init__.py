"""The thesis and the paper redone: their printed figures, a study of the same shape, and both
beside each other.

``published``, ``misprints``, ``figures``, ``thesis``, ``paper``, ``medians``, ``setup`` and
everything that renders know records only: no network, no image.
"""
