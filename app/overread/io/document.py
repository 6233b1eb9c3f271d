"""A scan as the JSON document that other programs may rely on (contracts/scan.schema.json)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from overread.core.study import OtherObject, Scan, Series, Study, Volume

SCHEMA = "overread.scan/1"


def scan_to_json(scan: Scan) -> dict[str, Any]:
    """The document as ``json.dump`` takes it."""
    return {
        "schema": SCHEMA, "roots": [_text(root) for root in scan.roots], "seconds": round(scan.seconds, 3),
        "files": asdict(scan.files), "studies": [_study(study) for study in scan.studies],
        "set_aside": [{"path": _text(a.path), "reason": _text(a.reason), "frames": a.frames} for a in scan.set_aside],
    }


def _text(text: str) -> str:
    """Paths may hold bytes that are no UTF-8: shown with a replacement mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _study(study: Study) -> dict[str, Any]:
    return {"study_uid": study.study_uid, "date": study.date, "description": study.description,
            "series": [_series(series) for series in study.series]}


def _series(series: Series) -> dict[str, Any]:
    return {"series_uid": series.series_uid, "modality": series.modality, "number": series.number,
            "description": series.description, "volumes": [_volume(volume) for volume in series.volumes],
            "objects": [_object(other) for other in series.objects]}


def _object(other: OtherObject) -> dict[str, Any]:
    return {"path": _text(other.path), "kind": other.kind, "refers_to": list(other.refers_to), "shown": other.shown}


def _volume(volume: Volume) -> dict[str, Any]:
    return {
        "id": volume.id, "kind": volume.kind, "shape": list(volume.shape),
        "affine": None if volume.affine is None else volume.affine.matrix.tolist(),
        "spacing_mm": None if volume.spacing_mm is None else list(volume.spacing_mm),
        "orientation": volume.orientation, "frame_of_reference": volume.frame_of_reference, "frames": volume.frames,
        "files": volume.file_count, "phase": volume.phase, "b_value": volume.b_value, "acquired_s": volume.acquired_s,
        "units": volume.units, "dtype": volume.dtype, "transfer_syntax": volume.transfer_syntax,
        "role": {"name": volume.role.name, "confidence": volume.role.confidence,
                 "evidence": [_text(e) for e in volume.role.evidence], "confirmed": volume.role.confirmed},
        "split_by": list(volume.split_by),
        "warnings": [{"code": w.code, "text": w.text, "files": [_text(f) for f in w.files]} for w in volume.warnings],
    }
