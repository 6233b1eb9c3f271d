"""Files of the reference pack: good ones give the counts and figures of other programs, bad ones are refused."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.core.reader_data import ReaderData
from overread.io.reader_files import ReaderFileError, read_reader_data
from overread.stats.merit.figures import figure_cells
from overread.stats.mrmc.ustat import difference_test, ustat

FORMATS = Path(__file__).resolve().parents[3] / "shared" / "stats" / "formats"
pytestmark = [
    pytest.mark.light,
    pytest.mark.shared,
    pytest.mark.skipif(not FORMATS.is_dir(), reason="the reference pack is not beside this checkout"),
]
GOOD = (
    "froc_new.xlsx",
    "froc_old.xlsx",
    "roc_new.xlsx",
    "lroc_new.xlsx",
    "roc_iowa.csv",
    "roc_iowa_semicolon_decimal_comma.csv",
    "roc.imrmc",
)
NAMES = {
    "wAFROC": "wafroc-auc",
    "AFROC": "afroc-auc",
    "wAFROC1": "wafroc1-auc",
    "AFROC1": "afroc1-auc",
    "HrAuc": "inferred-roc-auc",
    "FROC": "froc-auc",
    "MaxLLF": "maxllf",
    "MaxNLF": "maxnlf",
}


def faults() -> list[dict[str, Any]]:
    if not FORMATS.is_dir():
        return []
    found: list[dict[str, Any]] = json.loads((FORMATS / "bad" / "expected.json").read_text())["faults"]
    return found


def expected(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads((FORMATS / "good" / "expected.json").read_text())[name]
    return entry


def counts(data: ReaderData) -> dict[str, Any]:
    """The study counted as the pack counts it."""
    diseased = data.is_diseased
    weights: list[Any] = [1] * int(diseased.sum())
    false = int(np.isfinite(data.ratings[:, :, ~diseased]).sum())
    true = int(np.isfinite(data.ratings[:, :, diseased]).sum())
    if data.lesions is not None and data.lesion_ratings is not None and data.false_marks is not None:
        per_case = [data.lesions.weight[data.lesions.case == k].tolist() for k in np.flatnonzero(diseased)]
        weights = [part if len(part) > 1 else part[0] for part in per_case]
        false, true = len(data.false_marks.rating), int(np.isfinite(data.lesion_ratings).sum())
    if data.correct is not None and data.incorrect is not None:
        # RJafroc counts the marks of diseased cases that hit nothing apart
        false = int(np.isfinite(data.incorrect[:, :, ~diseased]).sum())
        true = int(np.isfinite(data.correct).sum())
    per_case_count = [len(w) if isinstance(w, list) else 1 for w in weights]
    return {
        "paradigm": data.paradigm.upper(),
        "modalities": len(data.conditions),
        "readers": len(data.readers),
        "normal_cases": int((~diseased).sum()),
        "diseased_cases": int(diseased.sum()),
        "lesions": sum(per_case_count),
        "lesions_per_case": per_case_count,
        "nl_marks": false,
        "ll_marks": true,
        "weights": weights,
        "truth_rows": len(data.cases),
        "rows": int(data.was_read.sum()),
        "reading_rows": int(data.was_read.sum()),
    }


@pytest.mark.parametrize("name", GOOD)
def test_good_file_holds_what_it_should(name: str) -> None:
    ours = counts(read_reader_data(FORMATS / "good" / name))
    theirs = {key: value for key, value in expected(name)["counts"].items() if key != "front_matter_lines"}
    assert {key: ours[key] for key in theirs} == theirs


@pytest.mark.parametrize("name", [name for name in GOOD if name.endswith("xlsx")] + ["roc_iowa.csv"])
def test_good_file_gives_the_figures_of_rjafroc(name: str) -> None:
    data = read_reader_data(FORMATS / "good" / name)
    wilcoxon = "roc-auc" if data.paradigm == "roc" else "inferred-roc-auc"
    figures = expected(name)["figures"]
    assert figures
    for figure, rows in figures.items():
        values = figure_cells(data, NAMES.get(figure, wilcoxon)).values
        ours = {
            "trt" + condition: {"rdr" + reader: values[i, j] for j, reader in enumerate(data.readers)}
            for i, condition in enumerate(data.conditions)
        }
        assert ours.keys() == rows.keys()
        for condition, row in rows.items():
            assert ours[condition] == pytest.approx(row, abs=1e-9), (figure, condition)


def test_good_imrmc_file_gives_the_areas_and_variances_of_imrmc() -> None:
    study = ustat(read_reader_data(FORMATS / "good" / "roc.imrmc"), "imrmc")
    rows = expected("roc.imrmc")["Ustat"]
    for moments, row in zip(study.moments, rows.values(), strict=True):
        assert moments.areas == pytest.approx((row["AUC.1"], row["AUC.2"]), abs=1e-9)
        assert moments.covariance() == pytest.approx(row["covAUC"], abs=1e-9)
        assert (moments.healthy, moments.diseased, moments.readers) == (row["N0"], row["N1"], row["NR"])
    test = difference_test(study, 0, 1)
    assert test.variance == pytest.approx(rows["3"]["varAUC1minusAUC2"], abs=1e-9)
    assert math.isnan(test.p)


def test_semicolons_and_decimal_commas_give_the_areas_of_pair_counting() -> None:
    name = "roc_iowa_semicolon_decimal_comma.csv"
    data = read_reader_data(FORMATS / "good" / name)
    areas = figure_cells(data, "roc-auc").values
    ours = {
        f"modality {condition} reader {reader}": areas[i, j]
        for i, condition in enumerate(data.conditions)
        for j, reader in enumerate(data.readers)
    }
    assert ours == pytest.approx(expected(name)["auc"])


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault["file"])
def test_bad_file_is_refused_with_sheet_row_and_reason(fault: dict[str, Any]) -> None:
    with pytest.raises(ReaderFileError) as caught:
        read_reader_data(FORMATS / "bad" / fault["file"])
    detail = caught.value.detail
    assert (detail.fault, detail.sheet, detail.row) == (fault["fault"], fault["sheet"], fault["row"])
    assert isinstance(caught.value, InputError)
    assert "\n" not in str(caught.value)


def test_every_file_of_the_pack_is_tried() -> None:
    good = {path.name for path in (FORMATS / "good").iterdir()} - {"expected.json"}
    bad = {path.name for path in (FORMATS / "bad").iterdir()} - {"expected.json"}
    assert good == set(GOOD)
    assert bad == {fault["file"] for fault in faults()}


@pytest.mark.parametrize("name", GOOD)
def test_kind_is_known_by_what_a_file_holds_and_not_by_its_name(name: str, tmp_path: Path) -> None:
    other = tmp_path / "answers"
    shutil.copyfile(FORMATS / "good" / name, other)
    assert counts(read_reader_data(other)) == counts(read_reader_data(FORMATS / "good" / name))
