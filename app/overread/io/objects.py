"""DICOM objects that are not pictures: what they are called."""

from __future__ import annotations

_STORAGE = "1.2.840.10008.5.1.4.1.1."
KINDS: dict[str, str] = {
    "1.2.840.10008.1.3.10": "DICOMDIR",
    **{_STORAGE + tail: kind for kind, tails in {
        "SEG": ("66.4", "66.7"), "SURFACE": ("66.5",), "TRACTOGRAPHY": ("66.6",), "REG": ("66.1", "66.3"),
        "FID": ("66.2",), "RAW": ("66",), "RWV": ("67",), "PMAP": ("30",), "KO": ("88.59",),
        "PR": ("11.1", "11.2", "11.3", "11.4", "11.5", "11.6", "11.7", "11.8", "11.9", "11.10", "11.11", "11.12"),
        "SR": ("88.1", "88.2", "88.3", "88.4", "88.11", "88.22", "88.33", "88.34", "88.35", "88.40", "88.50",
               "88.65", "88.67", "88.68", "88.69", "88.70", "88.71", "88.72", "88.73", "88.74", "88.75", "88.76"),
        "RTDOSE": ("481.2",), "RTSTRUCT": ("481.3",), "RTPLAN": ("481.5", "481.8"),
        "RTRECORD": ("481.4", "481.6", "481.7", "481.9"), "PDF": ("104.1",), "CDA": ("104.2",), "STL": ("104.3",),
        "OBJ": ("104.4",), "MTL": ("104.5",), "ANN": ("91.1",), "SPECTROSCOPY": ("4.2",),
        "WAVEFORM": ("9.1.1", "9.1.2", "9.1.3", "9.2.1", "9.3.1", "9.4.1", "9.4.2", "9.5.1", "9.6.1", "9.6.2"),
        "CT": ("2", "2.1", "2.2"), "MR": ("4", "4.1", "4.3", "4.4"), "PT": ("128", "128.1", "130"), "CR": ("1",),
        "SC": ("7", "7.1", "7.2", "7.3", "7.4"), "US": ("6.1", "3.1", "6.2"), "NM": ("20",),
    }.items() for tail in tails},
}


def kind_of_object(sop_class: str | None, modality: str | None) -> str:
    """Short name of an object: ``SEG``, ``SR``, ``PR`` ..., else its modality, else ``other``."""
    known = KINDS.get(sop_class or "")
    if known is not None:
        return known
    if modality and modality.isascii() and modality.isalnum():
        return modality[:16]
    return "other"
