"""Lists of cases and truths: what is written is what is read; bad lines are named."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from overread.core.errors import InputError
from overread.core.truth import Lesion, MaskRef, Truth
from overread.io import CaseRow, read_cases, read_truth, write_cases, write_truth

pytestmark = pytest.mark.light
HEAD = "case,patient,site,split,folder,roles,label,truth\n"
SCHEMAS = Path(__file__).parents[2] / "resources" / "schemas"


def truth() -> Truth:
    lesion = Lesion("L1", "hcc", (-62.4, -31.0, 118.5), 13.2, 1204.0, segment="VII", signs={"aphe": True},
                    mask=MaskRef("labels.nii.gz", 5), slices={"t1-hbp": (41, 42)})
    return Truth("hbp-1", "hcc", (lesion,), "2.25.1", {"name": "overread.phantom", "seed": 1},
                 {"liver": MaskRef("labels.nii.gz", 1)}, {"cirrhosis": True}, {"age_y": 61})


def test_cases_come_back_with_paths_relative_to_the_list(tmp_path: Path) -> None:
    rows = [CaseRow("a", "p1", "internal", "test", tmp_path / "cases" / "a", {"t1-hbp": "1f3a9c0b", "dwi:800": "ab"},
                    "hcc", tmp_path / "cases" / "a" / "truth.json"), CaseRow("b, 2", "p2", "", "", tmp_path / "b")]
    write_cases(tmp_path / "cases.csv", rows)
    assert "cases/a/truth.json" in (tmp_path / "cases.csv").read_text()
    assert read_cases(tmp_path / "cases.csv") == rows


@pytest.mark.parametrize(("line", "why"), [
    ("a,p,s,test,f,t1-hbp,hcc,", "not written as ROLE=VOLUME"), ("a,p,s,test,f,t9=1,hcc,", "no role"),
    (",p,s,test,f,,hcc,", "case is empty"), ("a,p,s,exam,f,,hcc,", "split"), ("a,p,s,test", "8 fields"),
    ("a,p,s,test,f,,x,,,", "8 fields"), ("x,p,s,test,f,,x,", "listed twice"), ("a,p,s,test,f,adc=1;adc=2,x,", "twice")])
def test_bad_line_is_named_by_its_number(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(f"{HEAD}x,p,s,test,f,,hcc,\n{line}\n")
    with pytest.raises(InputError, match=rf"Line 3 of cases\.csv.*{why}"):
        read_cases(path)


def test_missing_column_and_missing_file(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case,patient\na,b\n")
    with pytest.raises(InputError, match="no column site"):
        read_cases(tmp_path / "cases.csv")
    with pytest.raises(InputError, match="no such file"):
        read_cases(tmp_path / "gone.csv")


def test_truth_comes_back_and_fits_its_schema(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.json", truth())
    assert read_truth(tmp_path / "truth.json") == truth()
    schema = json.loads((SCHEMAS / "truth.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    document = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    validator.validate(document)
    assert not validator.is_valid({**document, "lesions": [{**document["lesions"][0], "type": "wart"}]})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "overread.truth/9"}', "[" * 100_000])
def test_no_truth_is_said_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(InputError):
        read_truth(tmp_path / "truth.json")
