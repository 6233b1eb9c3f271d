"""Significance tests for several readers of several cases, one file per method."""
