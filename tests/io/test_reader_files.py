"""Files of readers' answers made by all sorts of people and programs: what is taken, and what is refused and how."""

from __future__ import annotations

import datetime
import math
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overread.core.reader_data import ReaderData
from overread.io.reader_files import ReaderFileError, kind_of, read_reader_data, sheets, text_table, write_reader_data

pytestmark = pytest.mark.light

IOWA = "reader,treatment,case,truth,rating\nr,a,1,0,1\nr,a,2,1,2.5\n"
IMRMC = "Title\nNR: 1\nBEGIN DATA:\ntruth,1,truth,0\ntruth,2,truth,1\nr,1,a,1\nr,2,a,2.5\n"


def text_file(folder: Path, content: str | bytes, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> ReaderFileError:
    """The error of a file, which must be one sentence for the reason and one for the remedy."""
    with pytest.raises(ReaderFileError) as caught:
        read_reader_data(path)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)
    return caught.value


TRUTH = [
    ("CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm"),
    (1, 0, 0, "r", "a", "FROC"),
    (2, 1, 0.5, "r", "a", "FCTRL"),
    (2, 2, 0.5, "r", "a", None),
]
FP = [("ReaderID", "ModalityID", "CaseID", "FP_Rating"), ("r", "a", 1, 1), ("r", "a", 2, 0.5)]
TP = [("ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating"), ("r", "a", 2, 1, 3)]


def workbook(folder: Path, change: Callable[[dict[str, list[list[Any]]]], None] = lambda sheets: None) -> Path:
    from openpyxl import Workbook

    content = {name: [list(row) for row in rows] for name, rows in (("TRUTH", TRUTH), ("FP", FP), ("TP", TP))}
    change(content)
    book = Workbook()
    book.remove(book.active)
    for title, rows in content.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    path = folder / "answers.xlsx"
    book.save(path)
    return path


def test_plain_files_are_read(tmp_path: Path) -> None:
    for n, (content, kind) in enumerate(((IOWA, "iowa"), (IMRMC, "imrmc"))):
        path = text_file(tmp_path, content, f"{n}.txt")
        data = read_reader_data(path)
        assert kind_of(path) == kind
        assert (data.conditions, data.readers, data.cases) == (("a",), ("r",), ("1", "2"))
        assert data.ratings.tolist() == [[[1.0, 2.5]]]
        assert data.is_diseased.tolist() == [False, True]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + IOWA.encode(),
        IOWA.encode("utf-16"),
        IOWA.replace("\n", "\r\n").encode(),
        IOWA.replace("\n", "\n\n").encode(),
        ("\n\n" + IOWA + "\n,,,,\n").encode(),
        IOWA.replace(",", ";").replace("2.5", "2,5").encode(),
        IOWA.replace(",", "\t").encode(),
        IOWA.replace(",", " , ").encode(),
        IOWA.replace("reader,treatment", "Reader,Modality").encode(),
        b"truth,rating,extra,case,treatment,reader\n0,1,x,1,a,r\n1,2.5,,2,a,r\n",
    ],
    ids=["bom", "utf-16", "crlf", "empty-lines", "empty-fields", "semicolons", "tabs", "blanks", "names", "order"],
)
def test_tables_of_other_programs_are_read_alike(content: bytes, tmp_path: Path) -> None:
    data = read_reader_data(text_file(tmp_path, content))
    assert (data.conditions, data.readers, data.cases) == (("a",), ("r",), ("1", "2"))
    assert data.ratings.tolist() == [[[1.0, 2.5]]]


def test_names_in_an_old_encoding_are_kept(tmp_path: Path) -> None:
    data = read_reader_data(text_file(tmp_path, IOWA.replace("r,a", "Müller,a").encode("latin-1")))
    assert data.readers == ("Müller",)


def test_imrmc_truth_may_follow_and_have_empty_fields_behind(tmp_path: Path) -> None:
    lines = ["BEGIN DATA:", "r, 1, a, 1,,", "r,2,a,2.5", "", "truth,2,truth,1", "truth,1,truth,0"]
    data = read_reader_data(text_file(tmp_path, "\n".join(lines)))
    assert data.cases == ("2", "1")
    assert data.ratings.tolist() == [[[2.5, 1.0]]]


@pytest.mark.parametrize(
    ("content", "fault", "row"),
    [
        (IOWA.replace("2.5", "two"), "not_number", 3),
        (IOWA.replace("2.5", "inf"), "not_number", 3),
        (IOWA.replace("2.5", "1_000"), "not_number", 3),
        (IOWA.replace("2.5", "0x1p3"), "not_number", 3),
        (IOWA.replace("2.5", ""), "empty_cell", 3),
        (IOWA.replace("r,a,2,1", "r,,2,1"), "empty_cell", 3),
        (IOWA.replace("2,1,2.5", "2,yes,2.5"), "truth_value", 3),
        (IOWA + "r,a,2,1,4\n", "duplicate", 4),
        (IOWA + "r,a,2,1,4,5,6\n", "columns", 4),
        (IOWA.replace("treatment", "reader"), "columns", 1),
        (IOWA.replace("treatment", "dose"), "unknown_kind", None),
        ("reader,treatment,case,truth,rating\n", "no_readings", None),
        ("hello\n", "unknown_kind", None),
        ("{}", "unknown_kind", None),
        (b"a\0b\0", "not_text", None),
        (b"\n \n", "empty", None),
        ("BEGIN DATA:\n", "no_truth", None),
        (IMRMC + "r,1,b\n", "columns", 8),
        (IMRMC.replace("truth,2,truth,1", "truth,2,truth,2"), "truth_value", 5),
        (IMRMC.replace("truth,2,truth,1", "truth,1,truth,1"), "duplicate", 5),
        ('reader,treatment,case,truth,rating\nr,a,"1,0,1\nr,a,2,1,2\n', "empty_cell", 3),
    ],
)
def test_wrong_text_is_refused_with_its_row(content: str | bytes, fault: str, row: int | None, tmp_path: Path) -> None:
    detail = refusal(text_file(tmp_path, content)).detail
    assert (detail.fault, detail.row) == (fault, row)


def test_missing_file_folder_without_files_and_archive_of_something_else_are_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.xlsx").detail.fault == "missing"
    assert refusal(tmp_path).detail.fault == "unknown_kind"
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr("a.dcm", b"x")
    assert "holds no workbook" in str(refusal(tmp_path / "images.zip"))
    old = text_file(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old.xls")
    assert "xlsx" in str(refusal(old))


def test_truncated_and_empty_workbooks_are_told(tmp_path: Path) -> None:
    whole = workbook(tmp_path).read_bytes()
    assert refusal(text_file(tmp_path, whole[: len(whole) // 2], "cut.xlsx")).detail.fault == "not_xlsx"
    assert refusal(text_file(tmp_path, b"", "nothing.xlsx")).detail.fault == "empty"


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
def test_workbook_with_a_broken_part_is_told(part: str, tmp_path: Path) -> None:
    whole = workbook(tmp_path)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(tmp_path / "broken.xlsx", "w") as other:
        for name in archive.namelist():
            content = archive.read(name)
            other.writestr(name, content[: len(content) // 2] if name == part else content)
    assert refusal(tmp_path / "broken.xlsx").detail.fault == "not_xlsx"


def test_what_is_far_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_table, "MOST_BYTES", 10)
    monkeypatch.setattr(sheets, "MOST_BYTES", 10)
    assert refusal(text_file(tmp_path, IOWA)).detail.fault == "too_large"
    assert refusal(workbook(tmp_path)).detail.fault == "too_large"


def test_workbook_may_have_other_sheets_empty_rows_and_names_in_small_letters(tmp_path: Path) -> None:
    def change(content: dict[str, list[list[Any]]]) -> None:
        content["notes"] = [["anything", datetime.date(2026, 1, 1), "=1+1"[1:]]]
        content["truth"] = content.pop("TRUTH")
        content["NL"] = content.pop("FP")
        content["FP2"] = [[]]
        content["TP"].append([None] * 5)
        content["TP"].append(["r", "a", 2, 2, 4.5])

    data = read_reader_data(workbook(tmp_path, change))
    assert data.paradigm == "froc"
    assert data.lesion_ratings is not None
    assert data.lesion_ratings.tolist() == [[[3.0, 4.5]]]
    assert data.ratings.tolist() == [[[1.0, 4.5]]]


def put(sheet: str, row: int, column: int, value: Any) -> Callable[[dict[str, list[list[Any]]]], None]:
    def change(content: dict[str, list[list[Any]]]) -> None:
        content[sheet][row - 1][column] = value

    return change


def more(sheet: str, *values: Any) -> Callable[[dict[str, list[list[Any]]]], None]:
    return lambda content: content[sheet].append(list(values))


@pytest.mark.parametrize(
    ("change", "fault", "sheet", "row"),
    [
        (put("TP", 2, 4, "=1+2"), "formula", "TP", 2),
        (put("TP", 2, 4, datetime.datetime(2026, 1, 3)), "not_number", "TP", 2),
        (put("TP", 2, 0, datetime.date(2026, 1, 3)), "date", "TP", 2),
        (put("TP", 2, 4, True), "not_number", "TP", 2),
        (put("TP", 2, 4, "#N/A"), "not_number", "TP", 2),
        (put("TP", 2, 4, None), "empty_cell", "TP", 2),
        (put("TP", 2, 2, 2.5), "not_integer", "TP", 2),
        (put("TP", 2, 2, -2), "not_integer", "TP", 2),
        (put("TP", 2, 3, 0), "unknown_lesion", "TP", 2),
        (put("TP", 2, 1, "b"), "unknown_modality", "TP", 2),
        (put("TP", 1, 4, "points"), "no_column", "TP", 1),
        (put("TRUTH", 2, 0, datetime.date(2026, 1, 3)), "not_integer", "TRUTH", 2),
        (put("TRUTH", 2, 5, None), "paradigm", "TRUTH", 3),
        (put("TRUTH", 2, 5, "LROC"), "several_lesions", "TRUTH", 4),
        (put("TRUTH", 3, 5, "FCTRL-X-MOD"), "design", "TRUTH", 3),
        (put("TRUTH", 3, 2, -0.5), "weights", "TRUTH", 3),
        (put("TRUTH", 3, 3, "r,,s"), "empty_cell", "TRUTH", 3),
        (put("TRUTH", 4, 3, "s"), "truth_conflict", "TRUTH", 4),
        (put("TRUTH", 4, 1, 0), "truth_conflict", "TRUTH", 4),
        (put("TRUTH", 1, 2, "Size"), "no_column", "TRUTH", 1),
        (more("TRUTH", 1, 0, 0, "r", "a"), "duplicate", "TRUTH", 5),
        (more("TP", "r", "a", 2, 1, 4), "duplicate", "TP", 3),
        (lambda content: content.pop("FP"), "no_sheet", None, None),
    ],
)
def test_wrong_workbook_is_refused_with_sheet_and_row(
    change: Callable[[dict[str, list[list[Any]]]], None], fault: str, sheet: str | None, row: int | None, tmp_path: Path
) -> None:
    detail = refusal(workbook(tmp_path, change)).detail
    assert (detail.fault, detail.sheet, detail.row) == (fault, sheet, row)


def test_weights_of_nought_are_equal_and_such_near_one_are_brought_to_it(tmp_path: Path) -> None:
    for weights, wanted in (((0, 0), (0.5, 0.5)), ((0.6, 0.405), (0.6 / 1.005, 0.405 / 1.005))):

        def change(content: dict[str, list[list[Any]]], weights: tuple[float, float] = weights) -> None:
            content["TRUTH"][2][2], content["TRUTH"][3][2] = weights

        data = read_reader_data(workbook(tmp_path, change))
        assert data.lesions is not None
        assert data.lesions.weight == pytest.approx(wanted)


def test_case_that_a_reader_was_not_given_is_not_read_and_an_unmarked_one_is(tmp_path: Path) -> None:
    def change(content: dict[str, list[list[Any]]]) -> None:
        content["TRUTH"].append([3, 0, 0, "r, s", "a", None])

    data = read_reader_data(workbook(tmp_path, change))
    assert data.readers == ("r", "s")
    np.testing.assert_array_equal(data.ratings, [[[1.0, 3.0, -math.inf], [math.nan, math.nan, -math.inf]]])


def folder(path: Path, **files: str) -> Path:
    content = {
        "cases.csv": "case,truth,site\na,1,x\nb,0,y\n",
        "lesions.csv": "case,lesion,type,weight\na,l,hcc,0.25\na,m,hcc,0.75\nb,c,cyst,\n",
        "ratings.csv": "reader,condition,case,mark,lesion,rating,time_s\nr,u,a,1,l,3,8\nr,u,a,2,,1,\nr,u,b,1,c,2,5\n",
        "design.toml": 'paradigm = "froc"\nconditions = ["u"]\n[target]\ntypes = ["hcc"]\n',
    } | {name.replace("_", "."): text for name, text in files.items()}
    for name, text in content.items():
        (path / name).write_text(text)
    return path


def test_folder_made_by_hand(tmp_path: Path) -> None:
    data = read_reader_data(folder(tmp_path))
    assert data.paradigm == "froc"
    assert data.lesions is not None
    assert data.lesion_ratings is not None
    assert data.false_marks is not None
    assert data.lesions.ids == ("l", "m")
    assert data.lesion_ratings.tolist() == [[[3.0, -math.inf]]]
    assert data.false_marks.case.tolist() == [0, 1], "a mark on a cyst hits no target"
    assert data.ratings.tolist() == [[[3.0, 2.0]]]
    assert data.seconds is not None
    assert data.seconds.tolist() == [[[8.0, 5.0]]]
    assert data.subsets == ("x", "y")


def test_reading_without_a_row_is_unmarked_or_not_read_as_the_design_says(tmp_path: Path) -> None:
    marks = "reader,condition,case,lesion,rating\nr,u,a,l,3\n"
    assert read_reader_data(folder(tmp_path, ratings_csv=marks)).ratings.tolist() == [[[3.0, -math.inf]]]
    assert "1 readings have no row" in read_reader_data(tmp_path).notes[0]
    design = 'paradigm = "froc"\nno_row = "not-read"\n'
    lesions = "case,lesion\na,l\n"
    data = read_reader_data(folder(tmp_path, ratings_csv=marks, design_toml=design, lesions_csv=lesions))
    np.testing.assert_array_equal(data.ratings, [[[3.0, math.nan]]])
    explicit = marks + "r,u,b,,\n"
    data = read_reader_data(folder(tmp_path, ratings_csv=explicit, design_toml=design, lesions_csv=lesions))
    assert data.ratings.tolist() == [[[3.0, -math.inf]]]


def test_a_reader_without_any_row_under_a_condition_did_not_read_there_unless_the_design_says_so(
    tmp_path: Path,
) -> None:
    marks = "reader,condition,case,lesion,rating\nr,u,a,l,3\nr,w,a,l,4\nsystem,u,a,l,2\n"
    design = 'paradigm = "froc"\nconditions = ["u", "w"]\n'
    files = {"ratings_csv": marks, "lesions_csv": "case,lesion\na,l\n"}
    data = read_reader_data(folder(tmp_path, design_toml=design, **files))
    system = data.readers.index("system")
    assert data.was_read[:, system].tolist() == [[True, True], [False, False]]
    assert any("system has no row under w" in note for note in data.notes)
    data = read_reader_data(folder(tmp_path, design_toml=design + 'no_row = "unmarked"\n', **files))
    assert data.ratings[1, system].tolist() == [-math.inf, -math.inf]


def test_truth_of_a_folder_may_be_a_class(tmp_path: Path) -> None:
    data = read_reader_data(
        folder(
            tmp_path,
            cases_csv="case,truth\na,hcc\nb,cyst\n",
            ratings_csv="reader,condition,case,rating,category\nr,u,a,3,cyst\nr,u,b,1,cyst\n",
            design_toml='paradigm = "roc"\ncategories = ["hcc", "cyst"]\n[target]\ntypes = ["hcc"]\n',
        )
    )
    assert data.is_diseased.tolist() == [True, False]
    assert data.choices is not None
    assert data.choices.truth.tolist() == [0, 1]
    assert data.choices.called.tolist() == [[[1, 1]]]


@pytest.mark.parametrize(
    ("files", "fault", "sheet", "row"),
    [
        ({"cases_csv": "case,truth\na,1\na,0\n"}, "duplicate", "cases.csv", 3),
        ({"cases_csv": "case,truth\na,1\nb,maybe\n", "design_toml": ""}, "empty", "design.toml", None),
        ({"cases_csv": "case,truth\na,1\nb,2\n", "design_toml": "#"}, "truth_value", "cases.csv", 3),
        ({"cases_csv": "case\na\n"}, "no_column", "cases.csv", 1),
        ({"lesions_csv": "case,lesion\na,l\nz,l\n"}, "unknown_case", "lesions.csv", 3),
        ({"lesions_csv": "case,lesion\na,l\nb,l\n"}, "lesion_on_normal", "lesions.csv", 3),
        ({"lesions_csv": "case,lesion\na,l\na,l\n"}, "duplicate", "lesions.csv", 3),
        ({"lesions_csv": "case,lesion,weight\na,l,0.9\na,m,0.9\n"}, "weights", "lesions.csv", 3),
        ({"lesions_csv": "case,lesion\n"}, "no_lesion", "lesions.csv", None),
        ({"ratings_csv": "reader,condition,case,rating\nr,u,z,1\n"}, "unknown_case", "ratings.csv", 2),
        ({"ratings_csv": "reader,condition,case,rating\nr,v,a,1\n"}, "unknown_condition", "ratings.csv", 2),
        ({"ratings_csv": "reader,condition,case,rating,lesion\nr,u,a,1,q\n"}, "unknown_lesion", "ratings.csv", 2),
        ({"ratings_csv": "reader,condition,case,rating,lesion\nr,u,b,1,q\n"}, "tp_on_normal", "ratings.csv", 2),
        ({"ratings_csv": "reader,condition,case,rating,mark\nr,u,b,,1\n"}, "empty_cell", "ratings.csv", 2),
        ({"ratings_csv": "reader,condition,case,rating\nr,u,b,\nr,u,b,1\n"}, "duplicate", "ratings.csv", 3),
        ({"ratings_csv": "reader,condition,case,rating\nr,u,b,1\nr,u,b,\n"}, "duplicate", "ratings.csv", 3),
        ({"ratings_csv": "reader,condition,case,rating,time_s\nr,u,b,1,2\nr,u,b,1,3\n"}, "conflict", "ratings.csv", 3),
        ({"ratings_csv": "reader,condition,case,rating,time_s\nr,u,b,1,soon\n"}, "not_number", "ratings.csv", 2),
        ({"ratings_csv": "reader,condition,case,rating\n"}, "no_readings", "ratings.csv", None),
        ({"design_toml": "paradigm = "}, "not_toml", "design.toml", None),
        ({"design_toml": 'paradigm = "x"'}, "paradigm", "design.toml", None),
        ({"design_toml": 'paradigm = ["x"]'}, "paradigm", "design.toml", None),
        ({"design_toml": 'conditions = "u"'}, "design", "design.toml", None),
        ({"design_toml": "no_row = 3"}, "no_row", "design.toml", None),
    ],
)
def test_wrong_folder_is_refused_with_file_and_row(
    files: dict[str, str], fault: str, sheet: str, row: int | None, tmp_path: Path
) -> None:
    detail = refusal(folder(tmp_path, **files)).detail
    assert (detail.fault, detail.sheet, detail.row) == (fault, sheet, row)


def test_refusal_survives_the_way_out_of_another_process(tmp_path: Path) -> None:
    error = refusal(text_file(tmp_path, IOWA.replace("2.5", "two")))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.detail) == (str(error), error.detail)


def test_study_without_healthy_cases_is_read(tmp_path: Path) -> None:
    data = read_reader_data(text_file(tmp_path, IOWA.replace("r,a,1,0,1\n", "")))
    assert data.is_diseased.tolist() == [True]


def test_control_characters_in_a_name_are_refused_by_a_workbook(tmp_path: Path) -> None:
    data = ReaderData("roc", ("a",), ("r\x01",), ("1", "2"), np.array([True, False]), np.ones((1, 1, 2)))
    with pytest.raises(Exception, match="control character"):
        write_reader_data(data, tmp_path / "x.xlsx", "jafroc")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["iowa", "imrmc", "workbook", "folder"])
def test_damaged_bytes_are_read_or_refused_but_never_a_crash(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(14)
    for n in range(30):
        home = tmp_path / str(n)
        home.mkdir()
        if kind == "workbook":
            whole = workbook(home)
            part = "xl/worksheets/sheet1.xml"
            with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(home / "b.xlsx", "w") as other:
                for name in archive.namelist():
                    content = archive.read(name)
                    other.writestr(name, damaged(rng, content) if name == part else content)
            path = home / "b.xlsx"
        elif kind == "folder":
            path = folder(home)
            victim = home / str(rng.choice(["cases.csv", "lesions.csv", "ratings.csv", "design.toml"]))
            victim.write_bytes(damaged(rng, victim.read_bytes()))
        else:
            path = text_file(home, damaged(rng, (IOWA if kind == "iowa" else IMRMC).encode()))
        try:
            outcome: object = read_reader_data(path)
        except ReaderFileError as error:
            outcome = error
        assert isinstance(outcome, ReaderData | ReaderFileError)


def damaged(rng: np.random.Generator, content: bytes) -> bytes:
    """Some bytes changed, taken out or put in."""
    raw = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(0, len(raw)))
        change = rng.integers(0, 3)
        if change == 0:
            raw[at] = int(rng.integers(1, 256))
        elif change == 1:
            del raw[at : at + int(rng.integers(1, 10))]
        else:
            raw[at:at] = bytes(rng.choice(list(b'0,;"\n-.<>&a9'), 2).tolist())
    return bytes(raw) or b" "
