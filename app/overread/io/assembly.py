"""From the headers of all files to studies, series and volumes. A plain function of its input: the order in which
files were found does not matter."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from overread.core.geometry import Affine, orientation_of
from overread.core.study import (
    FileCounts,
    FrameRef,
    OtherObject,
    Scan,
    Series,
    SetAside,
    Study,
    Volume,
    VolumeWarning,
)
from overread.io.duplicates import Copies
from overread.io.headers import IMAGE, NOT_DICOM, OTHER, UNREADABLE, VOLUME_FILE, FileHeader
from overread.io.series import SeriesVolumes, volumes_of_series
from overread.io.stacks import NO_ROLE, digest_id
from overread.io.study_roles import with_roles
from overread.io.volume_files import VolumeFile

SeriesKey = tuple[str, str]


def assemble(roots: Sequence[str], headers: Iterable[FileHeader], copies: Copies,
             volume_files: Mapping[str, VolumeFile], seconds: float, is_final: bool = True) -> Scan:
    """Put everything found into one value.

    Parameters
    ----------
    roots
        The paths that were asked for.
    headers
        One per file found.
    copies
        Which of them are duplicates, and which share a UID with other content.
    volume_files
        What the headers of volume files said, by path; those not there yet are left out of the studies.
    seconds
        How long the scan took.
    is_final
        False while files are still being read: pixels are then not looked at.
    """
    ordered = sorted(headers, key=lambda h: h.path)
    set_aside = [*_without_volume(ordered, copies)]
    by_series: dict[SeriesKey, list[FileHeader]] = defaultdict(list)
    for header in ordered:
        if header.kind in (IMAGE, OTHER) and header.path not in copies.originals:
            by_series[_series_key(header)].append(header)
    by_study: dict[str, list[tuple[Series, SeriesVolumes]]] = defaultdict(list)
    for key, members in by_series.items():
        series, volumes = _series(members, copies)
        set_aside += volumes.set_aside
        by_study[key[0]].append((series, volumes))
    by_path = {header.path: header for header in ordered}
    studies = [_study(parts, by_path, is_final) for parts in by_study.values()]
    files, refused = _volume_file_studies(ordered, volume_files)
    studies = _with_unique_ids([*studies, *files])
    studies.sort(key=lambda s: (s.study_uid is None, s.date or "", s.study_uid or "", _first_path(s)))
    set_aside += refused
    set_aside.sort(key=lambda a: (a.path, a.reason))
    return Scan(tuple(roots), _counts(ordered, copies), tuple(studies), tuple(set_aside), seconds)


def _counts(headers: Sequence[FileHeader], copies: Copies) -> FileCounts:
    kinds = Counter("duplicate" if h.path in copies.originals else h.kind for h in headers)
    return FileCounts(found=len(headers), image=kinds[IMAGE], other_dicom=kinds[OTHER], volume_file=kinds[VOLUME_FILE],
                      not_dicom=kinds[NOT_DICOM], unreadable=kinds[UNREADABLE], duplicate=kinds["duplicate"])


def _without_volume(headers: Sequence[FileHeader], copies: Copies) -> Iterable[SetAside]:
    """Files that cannot be in any volume."""
    for header in headers:
        original = copies.originals.get(header.path)
        if original is not None:
            frames = header.claimed_frames if header.kind == IMAGE else None
            yield SetAside(header.path, f"it is the same as {original}", frames)
        elif header.kind in (NOT_DICOM, UNREADABLE) or (header.kind == OTHER and header.reason):
            yield SetAside(header.path, header.reason or "it is not DICOM", None)


def _series_key(header: FileHeader) -> SeriesKey:
    """Study and series of a file; without UIDs the files of one folder belong together."""
    folder = os.path.dirname(header.path)
    study = header.values.get("StudyInstanceUID") or f"folder {folder}"
    series = header.values.get("SeriesInstanceUID") or f"folder {folder} {header.values.get('Modality')}"
    return str(study), str(series)


def _series(headers: Sequence[FileHeader], copies: Copies) -> tuple[Series, SeriesVolumes]:
    images = [h for h in headers if h.kind == IMAGE]
    volumes = volumes_of_series(images, copies.collisions)
    objects = tuple(OtherObject(h.path, h.object_kind or "other", h.refers_to) for h in headers
                    if h.kind == OTHER and h.reason is None)
    first = (images or list(headers))[0].values
    number = first.get("SeriesNumber")
    return Series(
        series_uid=first.get("SeriesInstanceUID"), modality=first.get("Modality"),
        number=int(number) if isinstance(number, int) and abs(number) < 2**31 else None,
        description=first.get("SeriesDescription") or first.get("ProtocolName"), objects=objects), volumes


def _study(parts: Sequence[tuple[Series, SeriesVolumes]], headers: Mapping[str, FileHeader],
           is_final: bool) -> Study:
    all_series = [replace(series, volumes=volumes)
                  for (series, _), volumes in zip(parts, with_roles([v for _, v in parts], is_final), strict=True)]
    all_series.sort(key=lambda s: (s.number is None, s.number or 0, s.series_uid or "", _series_path(s)))
    paths = [p for s in all_series for p in _paths(s)]
    values = next((headers[p].values for p in paths if "StudyInstanceUID" in headers[p].values), {})
    date = values.get("StudyDate")
    description = next((headers[p].values["StudyDescription"] for p in paths
                        if "StudyDescription" in headers[p].values), None)
    return Study(study_uid=values.get("StudyInstanceUID"),
                 date=date if isinstance(date, str) and len(date) == 8 and date.isdigit() else None,
                 description=description,
                 series=tuple(s for s in all_series if s.volumes or s.objects))


def _paths(series: Series) -> Iterable[str]:
    for volume in series.volumes:
        yield from (s.path for s in volume.slices)
    yield from (o.path for o in series.objects)


def _series_path(series: Series) -> str:
    return next(iter(_paths(series)), "")


def _first_path(study: Study) -> str:
    return next((p for s in study.series for p in _paths(s)), "")


def _volume_file_studies(headers: Sequence[FileHeader],
                         known: Mapping[str, VolumeFile]) -> tuple[list[Study], list[SetAside]]:
    """Volume files of one folder as one study without UID."""
    by_folder: dict[str, list[Series]] = defaultdict(list)
    refused = []
    for header in headers:
        file = known.get(header.path) if header.kind == VOLUME_FILE else None
        if file is None:
            continue
        if file.problem is not None:
            refused.append(SetAside(header.path, file.problem, None))
            continue
        volume = _volume_of_file(header, file)
        by_folder[os.path.dirname(header.path)].append(
            Series(None, None, None, volume.description, (volume,)))
    return [Study(None, None, None, tuple(series)) for series in by_folder.values()], refused


def _volume_of_file(header: FileHeader, file: VolumeFile) -> Volume:
    assert file.shape is not None
    assert file.matrix is not None
    affine = Affine(np.array(file.matrix).reshape(4, 4))
    name = os.path.basename(header.path)
    for ending in (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd"):
        name = name[:-len(ending)] if name.lower().endswith(ending) else name
    origin = affine.matrix[:3, 3]
    warnings = (VolumeWarning("single-slice", "This is a single slice", (header.path,)),) if file.shape[0] == 1 else ()
    return Volume(
        id=digest_id("volume-file", name, str(header.size), str(file.shape),
                     ",".join(f"{x:.3f}" for x in np.round(affine.matrix, 3).ravel() + 0.0)),
        kind="volume", shape=file.shape, affine=affine,
        orientation=orientation_of(np.cross(affine.direction("i"), affine.direction("j"))),
        slices=(FrameRef(header.path, position_mm=(float(origin[0]), float(origin[1]), float(origin[2]))),),
        role=NO_ROLE, description=name, dtype=file.dtype, file_format="volume-file", size_bytes=header.size,
        warnings=warnings)


def _with_unique_ids(studies: Sequence[Study]) -> list[Study]:
    """Number the few volumes whose content is the same to the last UID, in the order of their files."""
    counts = Counter(v.id for s in studies for v in s.volumes())
    doubled = {id_ for id_, n in counts.items() if n > 1}
    if not doubled:
        return list(studies)
    again: Counter[str] = Counter()
    result = []
    for study in sorted(studies, key=_first_path):
        series = []
        for one in study.series:
            volumes = []
            for volume in one.volumes:
                again[volume.id] += 1
                unique = volume.id if volume.id not in doubled or again[volume.id] == 1 else digest_id(
                    volume.id, str(again[volume.id]))
                volumes.append(replace(volume, id=unique))
            series.append(replace(one, volumes=tuple(volumes)))
        result.append(replace(study, series=tuple(series)))
    return result
