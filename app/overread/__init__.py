"""Overread: a desktop second reader for liver CT and MR. For research and teaching, not for diagnosis."""

__version__ = "0.1.0"
