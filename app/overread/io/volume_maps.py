"""Of the label maps that lie beside a truth, one for each volume, that of the volume which is looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from overread.core.truth import MaskRef, Truth, mask_file


def of_volume(truth: Truth, folder: Path, role: str | None) -> Truth:
    """The truth with its masks taken from the map of one volume, where its own are of such a map of another.

    Between two volumes of a study the liver has moved by a breath, so that each has a map of its own.

    Parameters
    ----------
    folder
        Where the truth's files lie.
    role
        Of the volume; None leaves the truth as it is, and so does a volume without a map.
    """
    if role is None:
        return truth
    own = mask_file(role)

    def moved(ref: MaskRef) -> MaskRef:
        file = Path(ref.file).with_name(own)
        is_one_of_many = Path(ref.file).match(mask_file("*")) and (folder / file).is_file()
        return replace(ref, file=file.as_posix()) if is_one_of_many else ref

    return replace(
        truth,
        lesions=tuple(replace(t, mask=None if t.mask is None else moved(t.mask)) for t in truth.lesions),
        structures={name: moved(ref) for name, ref in truth.structures.items()},
    )
