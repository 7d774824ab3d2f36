"""The ten small CNNs that ship with the package."""
