"""A study's records as tables for a terminal, a repository, a paper and a browser.

Nothing here loads a network or an image: ``StudyResults`` is all that comes in.
"""
