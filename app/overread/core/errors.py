"""The one error that users meet: what went wrong, why, and what to do about it."""

from __future__ import annotations


class OverreadError(Exception):
    """Something that cannot be served, said in one sentence.

    Parameters
    ----------
    what
        What could not be done, without a closing full stop.
    why
        The reason, as the program knows it.
    remedy
        What the person can do next.

    Notes
    -----
    Messages never hold patient names or IDs.
    """

    def __init__(self, what: str, why: str, remedy: str) -> None:
        self.what = what.rstrip(".")
        self.why = why.rstrip(".")
        self.remedy = remedy.rstrip(".")
        super().__init__(self.what, self.why, self.remedy)

    def __str__(self) -> str:
        return f"{self.what}: {self.why}. {self.remedy}."


class InputError(OverreadError):
    """A path, option or file that cannot be used."""


class DecodeError(OverreadError):
    """Pixels that cannot be decoded."""


class GeometryError(OverreadError):
    """Positions or orientations that make no sense."""


class GateRefusal(OverreadError):
    """A system's gate does not let this study in."""


class BundleError(OverreadError):
    """A model bundle that is missing, damaged, foreign or too new."""


class DeviceError(OverreadError):
    """A processor or graphics card that is not there or gave up."""


class StudyError(OverreadError):
    """A reader study that is inconsistent."""


class StorageError(OverreadError):
    """A file or folder that cannot be read or written."""


class Cancelled(Exception):
    """The person asked to stop. Not an error: status 130, no dialog."""
