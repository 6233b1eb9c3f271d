"""What tells a volume from the others of its series, in the words of the field."""

from __future__ import annotations

from collections.abc import Sequence

from overread.io.frames import Frame

_WORDS = {
    "EchoTime": "TE {} ms",
    "EchoNumbers": "echo {}",
    "DiffusionBValue": "b {}",
    "TemporalPositionIdentifier": "phase {}",
    "TemporalPositionIndex": "phase {}",
    "TemporalPositionTimeOffset": "{} s",
    "AcquisitionNumber": "acquisition {}",
    "FrameAcquisitionNumber": "acquisition {}",
    "TriggerTime": "trigger {} ms",
    "InversionTime": "TI {} ms",
    "FlipAngle": "flip {}°",
    "RepetitionTime": "TR {} ms",
    "ConvolutionKernel": "kernel {}",
    "KVP": "{} kV",
    "SliceThickness": "{} mm thick",
    "StackID": "stack {}",
    "Modality": "{}",
}


def distinction(split_by: Sequence[str], frame: Frame, orientation: str) -> tuple[str, ...]:
    """Words such as ``TE 4 ms`` for each attribute that told a volume apart and that people know.

    Parameters
    ----------
    split_by
        The attributes.
    frame
        One slice of the volume.
    orientation
        Its plane, for series that hold several.
    """
    words = []
    for keyword in split_by:
        if keyword == "ImageOrientationPatient":
            words.append(orientation)
        elif keyword == "ImageType":
            words.append(_image_type(frame))
        elif keyword == "EchoTime" and frame.get("EffectiveEchoTime") is not None:
            words.append(_WORDS[keyword].format(_short(frame.get("EffectiveEchoTime"))))
        elif keyword in _WORDS and frame.get(keyword) is not None:
            words.append(_WORDS[keyword].format(_short(frame.get(keyword))))
    return tuple(word for word in words if word)


def _image_type(frame: Frame) -> str:
    """The complex part where it is told, else what the scanner adds to the image type: ``phase``, ``M FFE``."""
    if frame.get("ComplexImageComponent"):
        return str(frame.get("ComplexImageComponent")).lower()
    kind = frame.get("FrameType") or frame.get("ImageType") or ()
    return " ".join(dict.fromkeys(str(part) for part in list(kind)[2:] if part and part != "NONE"))


def _short(value: object) -> str:
    try:
        return f"{float(str(value)):.4g}"
    except ValueError:
        return str(value)
