"""When a picture was acquired, in seconds, from whichever element says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from overread.io.frames import Frame

_TIME = re.compile(r"^(\d{2}):?(\d{2}):?(\d{2})?(\.\d{1,6})?")
_DATE_TIME = re.compile(r"^(\d{8})(\d{2,6}(?:\.\d{1,6})?)")


def seconds_of_day(text: object) -> float | None:
    """Seconds after midnight of a DICOM time (TM), None when it is none."""
    match = _TIME.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0) + float(fraction or 0)
    return total if total < 90_000 else None


def seconds_of_date_time(text: object) -> float | None:
    """Seconds of a DICOM date-time (DT) on one scale for all days, None when it is none."""
    match = _DATE_TIME.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    day, time = _day(match.group(1)), seconds_of_day(match.group(2))
    return None if day is None or time is None else day * 86_400.0 + time


def moment(frames: Sequence[Frame]) -> float | None:
    """When the first of these frames was acquired, in seconds on one scale for all frames of a study."""
    moments = [m for m in map(_moment, frames) if m is not None]
    return min(moments) if moments else None


def contrast_start(frame: Frame) -> float | None:
    """When the contrast agent was given, on the scale of ``moment``."""
    return _on_day(frame, "ContrastBolusStartTime")


def _moment(frame: Frame) -> float | None:
    for keyword in ("FrameAcquisitionDateTime", "FrameReferenceDateTime", "AcquisitionDateTime"):
        value = seconds_of_date_time(frame.get(keyword))
        if value is not None:
            return value
    base = _on_day(frame, "AcquisitionTime")
    offset = frame.get("TemporalPositionTimeOffset")
    if isinstance(offset, int | float):
        return (base or 0.0) + float(offset)
    if base is None:
        base = _on_day(frame, "ContentTime")
    return base


def _on_day(frame: Frame, keyword: str) -> float | None:
    time = seconds_of_day(frame.get(keyword))
    if time is None:
        return None
    for source in ("AcquisitionDate", "SeriesDate", "StudyDate"):
        day = _day(frame.get(source))
        if day is not None:
            return day * 86_400.0 + time
    return time


def _day(text: object) -> int | None:
    if not isinstance(text, str) or len(text) != 8 or not text.isdigit():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
    except ValueError:
        return None
