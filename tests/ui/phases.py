"""A study of phases as small DICOM series: what a test of several views needs, with grids that differ on purpose."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

ROOT = "1.2.826.0.1.3680043.10.77"
AXIAL, CORONAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1)
HALF_MM = 60.0
"""Every series is centred on the origin and reaches so far, in plane."""


def write_phase(
    folder: Path,
    number: int,
    description: str,
    *,
    modality: str = "CT",
    slices: int = 21,
    step_mm: float = 3.0,
    shape: tuple[int, int] = (60, 60),
    spacing_mm: float = 2.0,
    orientation: tuple[int, ...] = AXIAL,
    frame: str = f"{ROOT}.9",
    study: str = f"{ROOT}.1",
    lowest_mm: float = -30.0,
) -> Path:
    """A series whose pixels show a disc of 10 mm about the patient position (10, -10, 0)."""
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

    folder.mkdir(parents=True, exist_ok=True)
    across, down = np.array(orientation[:3], float), np.array(orientation[3:], float)
    normal = np.cross(across, down)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    for k in range(slices):
        along = lowest_mm + step_mm * k
        corner = normal * along - across * (shape[1] - 1) / 2 * spacing_mm - down * (shape[0] - 1) / 2 * spacing_mm
        places = corner + across * (columns * spacing_mm)[..., None] + down * (rows * spacing_mm)[..., None]
        disc = np.linalg.norm(places - np.array((10.0, -10.0, 0.0)), axis=-1) < 10
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
        meta.MediaStorageSOPInstanceUID = f"{ROOT}.{number}.{k + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = study, f"{ROOT}.{number}", frame
        data.PatientName, data.StudyDate, data.StudyDescription = "Nobody^Known", "20260102", "Liver"
        data.Modality, data.SeriesNumber, data.SeriesDescription = modality, number, description
        data.InstanceNumber, data.ImageType = k + 1, ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.Rows, data.Columns = shape
        data.PixelSpacing, data.SliceThickness = [spacing_mm, spacing_mm], step_mm
        data.ImagePositionPatient = [float(v) for v in corner]
        data.ImageOrientationPatient = list(orientation)
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
        if modality == "CT":
            data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, -1000, "HU"
        data.PixelData = np.where(disc, 1150, 1040 + 2 * (rows % 20)).astype("<i2").tobytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pydicom.dcmwrite(folder / f"{number}-{k:03}.dcm", data, enforce_file_format=True)
    return folder


def write_liver_ct(folder: Path) -> Path:
    """Four phases on three grids, a coronal series in their frame of reference, and an axial one in another."""
    write_phase(folder / "1", 1, "Abdomen native", slices=13, step_mm=5.0)
    write_phase(folder / "2", 2, "Abdomen arterial phase", slices=61, step_mm=1.0)
    write_phase(folder / "3", 3, "Abdomen portal venous phase", shape=(80, 80), spacing_mm=1.5)
    write_phase(folder / "4", 4, "Abdomen delayed phase", slices=11)  # ends at the origin
    write_phase(folder / "5", 5, "Coronal", orientation=CORONAL, slices=21)
    write_phase(folder / "6", 6, "Arterial, earlier", frame=f"{ROOT}.8", slices=21)
    return folder
