"""A second read on paper and in files: what it says, what it leaves out, and what happens when it cannot be written."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from overread.core.errors import Cancelled, InputError, StorageError
from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.core.progress import CallbackProgress, Stage
from overread.core.reading import Mark, Reader, Reading
from overread.core.research_use import RESEARCH_USE
from overread.core.study import Volume
from overread.engines.worker import Worker
from overread.io import scan, uid_from
from overread.io.series_writer import OutVolume, write_series
from overread.io.structured_report import read_structured_report
from overread.study.export import (
    COLUMNS,
    ExportRequest,
    KeyPicture,
    export_second_read,
    safe_cell,
    write_csv,
)
from overread.study.findings_table import finding_rows
from overread.study.second_read import SecondRead
from overread.study.sheet import BLINDED, sheet_text

SHAPE = (8, 24, 20)
AFFINE = Affine(np.array([[1.5, 0, 0, -15], [0, 1.5, 0, -18], [0, 0, 3.0, 30], [0, 0, 0, 1]]))
SYSTEM = Reader("system", "hbp-detection", "small", "ab" * 32)
SECRETS = ("Secret", "SECRET-ID", "19451231", "20240102")


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """A series of a person with a name."""
    folder = tmp_path_factory.mktemp("series")
    named = {
        "Modality": "MR",
        "StudyDate": "20240102",
        "PatientName": "Secret^Person",
        "PatientID": "SECRET-ID",
        "PatientBirthDate": "19451231",
    }
    write_series(
        folder,
        [OutVolume(np.zeros(SHAPE, np.int16), 1.0, 0.0, AFFINE, named)],
        study_uid=uid_from("study"),
        series_uid=uid_from("series"),
        frame_of_reference_uid=uid_from("frame"),
    )
    (found,) = scan([folder]).volumes()
    return found


@pytest.fixture
def heatmap(volume: Volume) -> Heatmap:
    values = np.full((SHAPE[0], 6, 5), -1.0, np.float16)
    values[2:5, 2, 2] = 3.0
    inner = np.diag([4.0, 4.0, 1.0, 1.0])
    inner[0, 3] = inner[1, 3] = 1.5
    return Heatmap(values, AFFINE.then(Affine(inner)), volume.id, 3.0)


@pytest.fixture
def finished(volume: Volume, heatmap: Heatmap, clock: Any) -> SecondRead:
    """Two own marks, three candidates, one of them below the operating point and one dismissed."""
    places = [tuple(heatmap.affine.to_mm(at).tolist()) for at in ((3, 2, 2), (1, 4, 1), (6, 0, 0))]
    marks = tuple(
        Mark(f"C{n + 1}", places[n], score, 21.5, volume.id, k, (k,) if n else (2, 3, 4))
        for n, (score, k) in enumerate(((0.9, 3), (0.7, 1), (0.2, 6)))
    )
    case = {"id": "c", "study_uid": None, "condition": None}
    reading = Reading("r", "2026-01-01", SYSTEM, case, (), "marks", 0.9, marks)
    made = SecondRead(volume.id, clock=clock)
    made.note_opened()
    clock.wait(75)
    made.add_mark((-3.25, 4.5, 39), 3, 5, ((-6, 4, 39), (2, 10, 39)), "=HYPERLINK(1)")
    made.add_mark((5, 5, 33), 1, 2)
    made.done_alone()
    made.reveal(reading)
    clock.wait(30)
    made.withdraw_mark(2)
    made.set_verdict(SYSTEM, "C1", "accept")
    made.set_verdict(SYSTEM, "C2", "dismiss", "$vessel$ 肝")
    made.finish(0.5)
    return made


@pytest.fixture
def request_of(volume: Volume, heatmap: Heatmap, finished: SecondRead, tmp_path: Path) -> Callable[..., ExportRequest]:
    def make(*formats: str, **changes: Any) -> ExportRequest:
        made = ExportRequest(
            str(tmp_path / "out"), formats, finished.to_json(), volume, 0.5, "default", {"hbp-detection": heatmap},
            (KeyPicture("Mark M1, slice 4", np.full((60, 80, 3), 99, np.uint8)),), "Trained on phantoms.",
        )  # fmt: skip
        return replace(made, **changes)

    return make


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def pdf_words(path: Path) -> str:
    """The text of a PDF, from its content streams and character maps: an obvious reader for what matplotlib writes."""
    data = path.read_bytes()
    streams = []
    for match in re.finditer(rb"stream\r?\n", data):
        try:
            streams.append(zlib.decompressobj().decompress(data[match.end() :]))
        except zlib.error:
            continue
    (page,) = (s for s in streams if b"BT" in s)
    blocks = re.findall(rb"BT\n(.*?)\nET", page, re.DOTALL)
    return "\n".join(_decoded(b"".join(re.findall(rb"\(((?:\\.|[^\\)])*)\)", block, re.DOTALL))) for block in blocks)


def _decoded(escaped: bytes) -> str:
    """Letters of a shown string: two bytes each, or one in older versions."""
    raw = re.sub(rb"\\([()\\])", rb"\1", escaped)
    return raw.decode("utf-16-be") if b"\0" in raw else raw.decode("latin-1")


def test_csv_has_one_row_per_own_mark_and_per_candidate(finished: SecondRead, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", finished, 0.5)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [(r["number"], r["slice"], r["rating"], r["score"], r["verdict"], r["withdrawn"]) for r in rows] == [
        ("M1", "4", "5", "", "", "no"),
        ("M2", "2", "2", "", "", "yes"),
        ("C1", "4", "", "0.9", "accept", ""),
        ("C2", "2", "", "0.7", "dismiss", ""),
        ("C3", "7", "", "0.2", "", ""),
    ]
    assert [r["at_operating_point"] for r in rows] == ["", "", "yes", "yes", "no"]
    assert (rows[0]["x_mm"], rows[0]["length_mm"], rows[0]["when"]) == (
        "-3.250",
        "10.00",
        "2026-11-21T09:01:15.000+00:00",
    )


def test_no_cell_is_a_formula_but_numbers_stay_numbers(finished: SecondRead, tmp_path: Path) -> None:
    text = write_csv(tmp_path / "f.csv", finished).read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK(1)" in text
    for cell in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "|cmd", "%x", "\r\n=1"):
        assert safe_cell(cell) == f"'{cell}"
    assert safe_cell("next to the vein, 2-3 mm") == "next to the vein, 2-3 mm"


def test_every_format_is_written_in_another_process(
    request_of: Callable[..., ExportRequest], worker: Worker, volume: Volume
) -> None:
    stages: list[Stage] = []
    result = worker.call(
        "overread.study.export:export_second_read", request_of("csv", "pdf", "sr", "seg"),
        progress=CallbackProgress(stages.append),
    )  # fmt: skip
    assert [p.name.removeprefix(f"second-read-{volume.id}") for p in result.paths] == [
        ".csv", ".pdf", "-sr.dcm", "-seg-hbp-detection.dcm",
    ]  # fmt: skip
    assert result.refused == ()
    assert all(p.stat().st_size > 500 for p in result.paths)
    assert {p.name for p in result.paths[0].parent.iterdir()} == {p.name for p in result.paths}
    assert stages[-1].done == stages[-1].total == 4


def test_the_windows_process_loads_no_heavy_library_for_it() -> None:
    program = (
        "import sys, overread.study.export, overread.study.second_read\n"
        "heavy = {'matplotlib', 'highdicom', 'pydicom', 'torch', 'scipy', 'SimpleITK'} & set(sys.modules)\n"
        "print(', '.join(sorted(heavy)), end='')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_pdf_says_what_the_record_says_on_one_page(request_of: Callable[..., ExportRequest]) -> None:
    (path,) = export_second_read(request_of("pdf")).paths
    words = pdf_words(path)
    for part in (
        RESEARCH_USE, "Trained on phantoms.", "hbp-detection (small), bundle abababababababab",
        "score of at least 0.50",
        "Read alone first (1 min 15 s)", "accepted", "dismissed", "Own mark M2 on slice 2, made alone, withdrawn.",
        "$vessel$", "... and 2 more, withdrawn or below the operating point, in the CSV.", "Mark M1, slice 4", BLINDED,
    ):  # fmt: skip
        assert part in words, part
    assert len(re.findall(rb"/Type /Page\b", path.read_bytes())) == 1
    assert b"/MediaBox [ 0 0 595" in path.read_bytes()


def test_long_lists_end_with_how_many_are_in_the_csv(volume: Volume, clock: Any) -> None:
    made = SecondRead(volume.id, clock=clock)
    for n in range(60):
        made.add_mark((n, 0, 0), n % 8, note="a note" if n % 3 == 0 else None)
    made.skip_alone()
    for n in range(1, 30):
        made.change_mark(n, rating=3)
    text = sheet_text(made, volume, 0.5, "default", "")
    lines = sum(2 if note else 1 for _, note in text.rows)
    assert lines <= 22
    assert text.more_rows == f"... and {60 - len(text.rows)} more in the CSV."
    assert len(text.changes) == 8
    assert text.changes[-1] == "... and 22 more."


def test_nobody_is_named_in_any_file_unless_asked(request_of: Callable[..., ExportRequest]) -> None:
    for identified in (False, True):
        paths = export_second_read(request_of("csv", "pdf", "sr", "seg", identified=identified)).paths
        by_kind = {p.suffix if p.suffix != ".dcm" else p.stem[-3:]: p for p in paths}
        texts = {k: pdf_words(p) if k == ".pdf" else p.read_bytes().decode("latin-1") for k, p in by_kind.items()}
        named = {kind for kind, text in texts.items() if any(secret in text for secret in SECRETS)}
        assert named == ({".pdf", "-sr", "ion"} if identified else set())
        assert not identified or "Secret Person, SECRET-ID, study of 20240102" in texts[".pdf"]


def test_report_read_back_is_the_list_of_the_second_read(
    request_of: Callable[..., ExportRequest], finished: SecondRead
) -> None:
    (path,) = export_second_read(request_of("sr")).paths
    found = read_structured_report(path).findings
    rows = {r.number: r for r in finding_rows(finished, 0.5)}
    assert [f.id for f in found] == ["M1", "C1", "C2"]
    for finding in found:
        row = rows[finding.id]
        assert np.allclose(finding.centre_mm, row.centre_mm, atol=1e-3)
        assert (finding.slice, finding.rating, finding.score, finding.verdict, finding.note, finding.system) == (
            row.slice, row.rating, row.score, row.verdict, row.note, row.system,
        )  # fmt: skip


def test_opening_the_study_again_exports_the_same_objects(
    request_of: Callable[..., ExportRequest], finished: SecondRead, clock: Any
) -> None:
    first = [p.read_bytes() for p in export_second_read(request_of("sr", "seg")).paths]
    clock.wait(5000)
    finished.note_opened()
    again = request_of("sr", "seg", record=finished.to_json())
    assert [p.read_bytes() for p in export_second_read(again).paths] == first
    finished.reopen()
    (changed,) = export_second_read(request_of("sr", record=finished.to_json())).paths
    assert pydicom.dcmread(changed).PreliminaryFlag == "PRELIMINARY"
    assert changed.read_bytes() not in first


def test_what_is_no_dicom_still_gives_csv_and_pdf(request_of: Callable[..., ExportRequest], volume: Volume) -> None:
    nifti = replace(volume, file_format="volume-file")
    result = export_second_read(request_of("csv", "pdf", "sr", "seg", volume=nifti))
    assert [p.suffix for p in result.paths] == [".csv", ".pdf"]
    assert len(result.refused) == 2
    assert all("is no DICOM" in sentence and "CSV or PDF instead" in sentence for sentence in result.refused)
    with pytest.raises(InputError, match="no DICOM"):
        export_second_read(request_of("sr", volume=nifti))


def test_without_a_map_there_is_no_segmentation_and_it_says_so(request_of: Callable[..., ExportRequest]) -> None:
    with pytest.raises(InputError, match="no system's map"):
        export_second_read(request_of("seg", heatmaps={}))


@pytest.mark.parametrize("name", ["csv", "pdf", "sr", "seg"])
def test_unwritable_folder_is_said_so_and_leaves_nothing(
    request_of: Callable[..., ExportRequest], tmp_path: Path, name: str
) -> None:
    (tmp_path / "out").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="Choose another folder"):
        export_second_read(request_of(name))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_full_disk_is_said_so_and_leaves_nothing(
    request_of: Callable[..., ExportRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda _self, data: write(Path("/dev/full"), data))
    with pytest.raises(StorageError, match="disk is full"):
        export_second_read(request_of("csv"))
    assert list((tmp_path / "out").iterdir()) == []


def test_cancelled_leaves_nothing_half_written(request_of: Callable[..., ExportRequest], tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        export_second_read(request_of("csv", "pdf"), CallbackProgress(lambda _stage: None, lambda: True))
    assert not (tmp_path / "out").exists()


def test_key_image_that_has_gone_is_said_so(request_of: Callable[..., ExportRequest], tmp_path: Path) -> None:
    gone = (KeyPicture("Mark M1", str(tmp_path / "gone.png")),)
    with pytest.raises(InputError, match=r"gone\.png is missing or damaged"):
        export_second_read(request_of("pdf", pictures=gone))


def test_key_images_may_be_png_files(request_of: Callable[..., ExportRequest], tmp_path: Path) -> None:
    from matplotlib import image

    path = tmp_path / "k.png"
    image.imsave(path, np.arange(48, dtype=np.uint8).reshape(4, 4, 3), format="png")
    (pdf,) = export_second_read(request_of("pdf", pictures=(KeyPicture("A slice", str(path)),) * 6)).paths
    assert pdf_words(pdf).count("A slice") == 4


REAL = (
    "mr-knee-orthanc", "liver-mr-multiframe-dbdicom", "mr-dwi-ge-dcmqa", "liver-mr-survey-fodicom-abd1",
    "mr-enhanced-dcmqa-enh", "liver-ct-seg-dcmqi",
)  # fmt: skip


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_dciodvfy_finds_no_error_on_real_series_that_the_source_has_not(
    shared_data: Path, name: str, tmp_path: Path
) -> None:
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")

    def errors(path: Path) -> list[str]:
        done = subprocess.run([checker, str(path)], capture_output=True, text=True, errors="replace", check=False)
        return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]

    tried = 0
    for volume in scan([shared_data / name]).volumes():
        grid = volume.grid
        if volume.file_format != "dicom" or grid is None or volume.frame_of_reference is None or tried == 2:
            continue
        middle = tuple(n // 2 for n in volume.shape)
        values = np.full(volume.shape, -1.0, np.float16)
        values[middle] = 2.0
        x, y, z = grid.affine.to_mm(middle).tolist()
        mark = Mark("C1", (x, y, z), 0.9, 5.0, volume.id, middle[0], (middle[0],))
        made = SecondRead(volume.id)
        made.add_mark((x, y, z), middle[0], 4, ((x, y, z), (x + 5, y, z)), "größer")
        made.done_alone()
        made.reveal(Reading("r", "2026-01-01", SYSTEM, {"id": "c"}, (), "marks", 0.9, (mark,)))
        made.set_verdict(SYSTEM, "C1", "accept")
        heat = Heatmap(values, grid.affine, volume.id, 1.0)
        request = ExportRequest(str(tmp_path), ("sr", "seg"), made.to_json(), volume, None, None, {SYSTEM.id: heat})
        for identified in (False, True):
            result = export_second_read(replace(request, identified=identified))
            assert result.refused == ()
            for path in result.paths:
                assert identified or errors(path) == [], path
        assert np.allclose(read_structured_report(result.paths[0]).findings[0].centre_mm, (x, y, z), atol=1e-2)
        tried += 1
    assert tried
