"""A real window over real small DICOM folders, a real bundle folder, and systems that are slow, quick or
broken."""

from __future__ import annotations

import functools
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer

SLOW_SYSTEM = '''
import time
from overread.core.reading import Message, Reader, Reading
from overread.systems import Outcome

def ready(progress):
    """In place of the import of the engine, which these runs do not need."""

def line(wish, progress):
    return f"CPU, because {wish} was asked for"

def slow(request, progress):
    """Never looks at its progress after the first report: only ending the process stops it."""
    progress.report("network", 1, 100)
    time.sleep(60)

def quick(request, progress):
    progress.step("network", 1, 1)
    return Outcome(Reading("r", "2026-01-01", Reader("system", "hbp-detection", device="cpu"), {}, (),
                           "none", 0.1))

def classes(request, progress):
    """A reading of classes of all volumes of the request, with one mark in the middle of the first."""
    from overread.core.reading import Input, Mark
    progress.step("network", 1, 1)
    names = {"noncontrast-triage": ("benign", "primary", "metastasis"), "mvi-prediction": ("mvi-", "mvi+")}
    scores = dict(zip(names[request.system], (0.2, 0.7, 0.1) if len(request.volumes) > 1 else (0.4, 0.6)))
    first = request.volumes[0][1]
    k = first.frames // 2
    centre = tuple(float(v) for v in first.affine.to_mm((k, first.shape[1] / 2, first.shape[2] / 2)))
    mark = Mark("R1", centre, 0.7, 20.0, first.id, k, (k,), "primary", scores)
    inputs = tuple(Input(v.id, role, None, v.shape) for role, v in request.volumes)
    told = {"rule": "sum", "any_slice": "malignant", "malignant_slices": 1, "slices": 1}
    region = None if request.region is None else request.region.to_json()
    facts = {"given": {}, "imputed": {n: 1.0 for n in request.facts.missing()}} if request.facts else None
    return Outcome(Reading("c", "2026-01-01", Reader("system", request.system, request.variant, "d", device="cpu"), {},
                           inputs, "classes", 0.8, (mark,), classes=scores, category=max(scores, key=scores.get),
                           parameters=told, region=region, facts=facts))

def steady(request, progress):
    for step in range(20):
        progress.step("network", step, 20)
        time.sleep(0.02)
    return quick(request, progress)

def fussy(request, progress):
    from overread.core.errors import DecodeError
    if request.volumes[0][1].frames == 12:
        raise DecodeError("The series cannot be read", "its pixels are cut off", "Export it again")
    return steady(request, progress)

def refused(request, progress):
    return Outcome(Reading("r", "2026-01-01", Reader("system", "hbp-detection"), {}, (), "refused", None,
                           messages=(Message("refusal", "This series has a gap."),)))

def broken(request, progress):
    raise ZeroDivisionError("a secret detail")

def killed(request, progress):
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
'''


def write_series(folder: Path, *, uid: str, number: int, modality: str, slices: int, shape: tuple[int, int],
                 spacing: tuple[float, float], description: str,
                 study: str = "1.2.826.0.1.3680043.10.1") -> Path:
    """Plain axial slices; the value of a pixel is 100 times its slice plus its column."""
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

    folder.mkdir(parents=True, exist_ok=True)
    for k in range(slices):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
        meta.MediaStorageSOPInstanceUID = f"{uid}.{k + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        data.StudyInstanceUID, data.SeriesInstanceUID = study, uid
        data.FrameOfReferenceUID = f"{study}.9"
        data.PatientName, data.PatientID = "Nobody^Known", "ID-4711"
        data.StudyDate, data.StudyDescription = "20260102", "Liver"
        data.Modality, data.SeriesNumber, data.SeriesDescription = modality, number, description
        data.InstanceNumber = k + 1
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if modality == "CT" else "M"]
        data.Rows, data.Columns = shape
        data.PixelSpacing, data.SliceThickness = list(spacing), 3.0
        data.ImagePositionPatient = [-60.0, -50.0, 10.0 + 3.0 * k]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
        if modality == "CT":
            data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, -1000, "HU"
        picture = np.tile(np.arange(shape[1], dtype=np.int16), (shape[0], 1)) + np.int16(100 * k)
        data.PixelData = picture.astype("<i2").tobytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pydicom.dcmwrite(folder / f"{modality}-{number}-{k:03}.dcm", data, enforce_file_format=True)
    return folder


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One study with an MR series of 24 slices, a CT series of 8, and a text file."""
    folder = tmp_path_factory.mktemp("study")
    write_series(folder / "mr", uid="1.2.826.0.1.3680043.10.2", number=4, modality="MR", slices=24,
                 shape=(64, 80),
                 spacing=(1.5, 1.5), description="eTHRIVE_20min")
    write_series(folder / "ct", uid="1.2.826.0.1.3680043.10.3", number=7, modality="CT", slices=8,
                 shape=(48, 64),
                 spacing=(2.0, 1.0), description="portal")
    (folder / "readme.txt").write_text("not DICOM")
    return folder


@pytest.fixture(scope="session")
def liver_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hepatobiliary series of two patients, of 12, 16 and 20 slices, and a CT."""
    folder = tmp_path_factory.mktemp("livers")
    root = "1.2.826.0.1.3680043.10"
    for n, slices in enumerate((12, 16, 20)):
        write_series(folder / f"mr{n}", uid=f"{root}.2{n}", number=n + 1, modality="MR", slices=slices, shape=(64, 80),
                     spacing=(1.5, 1.5), description="T1 HBP 20 min Primovist", study=f"{root}.{n // 2 + 7}")
    write_series(folder / "ct", uid=f"{root}.30", number=7, modality="CT", slices=8, shape=(48, 64),
                 spacing=(2.0, 1.0), description="portal", study=f"{root}.7")
    return folder


@pytest.fixture
def bundle(own_home: Path) -> Path:
    """A bundle of the user's with a manifest and a card; its weights are never loaded here."""
    folder = own_home / "data" / "models" / "hbp-test"
    folder.mkdir(parents=True)
    point = {"chosen_on": "1,218 validation slices of 40 phantoms", "marks_per_case": 1.2,
             "slice": {"sensitivity": [0.9, 0.86, 0.93], "specificity": [0.92, 0.9, 0.94]}}
    tables = {
        "bundle": {"schema": "overread.bundle/1", "system": "hbp-detection", "variant": "kim-11",
                   "version": "0.0.1",
                   "weights": "weights.safetensors", "weights_sha256": "0" * 64, "trained_on": "phantoms"},
        "input": {"roles": ["t1-hbp"], "channels": 3, "size": [320, 320]}, "network": {"name": "kim-11"},
        "placing": {"activation_scale": 4.0, "offset_px": [0.0, 0.0]},
        "gate": {"modality": ["MR"], "orientation": ["axial"], "slices": {"refuse_below": 5},
                 **{figure: {"refuse_below": 10} for figure in ("field_mm", "coverage_mm", "matrix")}},
        "findings": {"floor": 0.1, "most": 50},
        "operating": {"high-sensitivity": {"threshold": 0.2} | point, "default": {"threshold": 0.5} | point,
                      "high-precision": {"threshold": 0.8} | point},
    }
    (folder / "manifest.toml").write_text(_toml(tables), encoding="utf-8")
    (folder / "CARD.md").write_text("# A card\n\nTrained on **phantoms**.\n", encoding="utf-8")
    return folder


@pytest.fixture
def systems_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a system of the test into the worker process, by name."""
    from overread.ui import running

    (tmp_path / "systems_of_the_test.py").write_text(SLOW_SYSTEM)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(running, "WARM_UP", "systems_of_the_test:ready")
    monkeypatch.setattr(running, "DEVICE_LINE", "systems_of_the_test:line")
    return lambda name: monkeypatch.setattr(running, "READ", f"systems_of_the_test:{name}")


@pytest.fixture
def window(qtbot) -> Iterator:
    """The real window, shown; closed afterwards with everything that runs."""
    from PySide6.QtWidgets import QApplication

    from overread.ui import theme
    from overread.ui.settings import Settings
    from overread.ui.window import MainWindow

    theme.apply(QApplication.instance())
    made = MainWindow(Settings(unaided_first=False))
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def opened(window, qtbot, study_folder, bundle):
    """The window with the study open, everything read and painted."""
    window.open_paths([study_folder])
    qtbot.waitUntil(lambda: window.session.scan is not None and not window.opening.is_busy and
                    window.image.frames_painted > 0, timeout=20_000)
    window.image.setFocus()
    return window


@pytest.fixture
def livers(window, qtbot, liver_folder, bundle):
    """The window with three series that the system can read, everything painted and the worker warm."""
    window.open_paths([liver_folder])
    qtbot.waitUntil(lambda: window.session.scan is not None and not window.opening.is_busy and
                    window.image.frames_painted > 0, timeout=20_000)
    return window


_GATE = {"modality": ["MR"], "slices": {"refuse_below": 5},
         **{figure: {"refuse_below": 10} for figure in ("field_mm", "coverage_mm", "matrix")}}  # fmt: skip


@pytest.fixture
def install(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a bundle into the user's folder, beside none that is shipped; its weights are never loaded here."""
    monkeypatch.setattr("overread.systems.installed.shipped_models", lambda: tmp_path / "none")
    return functools.partial(_install, own_home)


def _install(home: Path, system: str, variant: str, roles: list[str], **tables: object) -> None:
    folder = home / "data" / "models" / f"{system}-{variant}"
    folder.mkdir(parents=True)
    plain = {
        "bundle": {"schema": "overread.bundle/1", "system": system, "variant": variant, "version": "0.1",
                   "weights": "weights.safetensors", "weights_sha256": "0" * 64, "trained_on": "phantoms"},
        "input": {"roles": roles, "channels": 3, "size": [224, 224]}, "network": {"name": "x"},
        "placing": {"activation_scale": 1.0, "offset_px": [0.0, 0.0]}, "gate": _GATE,
    }  # fmt: skip
    (folder / "manifest.toml").write_text(_toml(plain | tables), encoding="utf-8")
    (folder / "CARD.md").write_text("# A card\n", encoding="utf-8")


@pytest.fixture(scope="session")
def phases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """T2 (whose role is a guess), diffusion and T1 arterial of one study, in one frame of reference."""
    folder = tmp_path_factory.mktemp("phases")
    for n, (description, slices) in enumerate((("T2 TSE axial", 20), ("DWI b800", 20), ("T1 arterial phase", 20))):
        write_series(folder / str(n), uid=f"1.2.826.0.1.3680043.10.4{n}", number=n + 1, modality="MR", slices=slices,
                     shape=(64, 80), spacing=(1.5, 1.5), description=description)  # fmt: skip
    return folder


@pytest.fixture
def four(window, qtbot, phases, install):
    """The window with the study open and bundles of triage and MVI installed."""
    install("noncontrast-triage", "t2-dwi", ["t2", "dwi"],
            evaluation={"internal": {"test_set": "internal", "patients": 60, "accuracy": [0.7, 0.6, 0.8]}})  # fmt: skip
    install("mvi-prediction", "image-factors", ["ct-arterial"],
            operating={"default": {"threshold": 0.4, "chosen_on": "validation: 60 phantoms"}})  # fmt: skip
    window.open_paths([phases])
    qtbot.waitUntil(
        lambda: window.session.scan is not None and not window.opening.is_busy and window.image.frames_painted > 0,
        timeout=20_000,
    )
    window.image.setFocus()
    return window


def _toml(tables: dict[str, object], path: str = "") -> str:
    plain = [f"{k} = {json.dumps(v)}" for k, v in tables.items() if not isinstance(v, dict)]
    text = "\n".join(([f"[{path}]"] if path else []) + plain)
    return "\n".join([text] + [_toml(v, f"{path}.{k}" if path else k) for k,
                               v in tables.items() if isinstance(v, dict)])


@pytest.fixture
def reading(study_folder: Path):
    """A reading of the MR series with three candidates, and its heatmap: (volume id, result)."""
    from overread import io
    from overread.core.geometry import Affine
    from overread.core.heatmap import Heatmap
    from overread.core.reading import Mark, Reader, Reading, SliceScore
    from overread.viewing.operating import Point
    from overread.viewing.session import Result

    volume = next(v for v in io.scan([study_folder]).volumes() if v.modality == "MR")
    inner = np.diag([8.0, 8.0, 1.0, 1.0])
    inner[:2, 3] = 3.5
    affine = volume.affine.then(Affine(inner))
    values = np.zeros((24, 8, 10), dtype=np.float16)
    marks = []
    for name, k, row, column, score in (("a", 5, 2, 3, 0.6), ("b", 17, 5, 7, 0.9), ("c", 11, 4, 4, 0.3)):
        values[k, row, column] = 4.0
        centre = tuple(float(v) for v in affine.to_mm((k, row, column)))
        marks.append(Mark(name, centre, score, 20.0, volume.id, k, (k - 1, k, k + 1)))
    scores = tuple(SliceScore(volume.id, k, float(values[k].max()) / 5) for k in range(24))
    made = Reading("r", "2026-01-01", Reader("system", "hbp-detection"), {}, (), "marks", 0.9, tuple(marks),
                   scores)
    points = (Point("high-sensitivity", 0.2, "On 40 phantoms."), Point("default", 0.5, "On 40 phantoms."),
              Point("high-precision", 0.8, "On 40 phantoms."))
    return volume.id, Result(made, Heatmap(values, affine, volume.id, 4.0), "hbp-detection", points)


@pytest.fixture
def own_work():
    """Starts listening when called; the list it returns fills with what the window's own thread computed in each turn.

    In seconds of CPU: what else runs on the machine does not count.
    """
    timers = []

    def listen():
        turns, last = [], time.thread_time()

        def tick():
            nonlocal last
            now = time.thread_time()
            turns.append(now - last)
            last = now

        timer = QTimer()
        timer.timeout.connect(tick)
        timer.start(5)
        timers.append(timer)
        return turns

    yield listen
    for timer in timers:
        timer.stop()
