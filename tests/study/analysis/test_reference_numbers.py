"""Numbers of the reference programs, asked for as people ask: through a question and out of the document."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stats.reference_pack import load, needs_pack

from overread.study.analysis import Question, analyse

pytestmark = [pytest.mark.shared, needs_pack]


def _row(dataset: str, contrast: str, generalises_to: str, **asked: Any) -> dict[str, Any]:
    document = analyse(load(dataset), Question(**asked), is_whole=False)
    return next(
        row for row in document["tests"] if row["contrast"] == contrast and row["generalises_to"] == generalises_to
    )


def test_vandyke_is_as_rjafroc_and_mrmcaov_have_it() -> None:
    row = _row("vandyke_roc", "all conditions", "rrrc")
    assert row["statistic"] == pytest.approx(4.4563, abs=5e-5)
    assert row["df"][1] == pytest.approx(15.2597, abs=5e-5)
    assert row["p"] == pytest.approx(0.05167, abs=5e-6)
    unbiased = _row("vandyke_roc", "all conditions", "rrrc", covariance="unbiased")
    assert (unbiased["statistic"], unbiased["p"]) == (pytest.approx(4.4896, abs=5e-5), pytest.approx(0.05116, abs=5e-6))
    dbm = _row("vandyke_roc", "all conditions", "rrrc", method="dbm")
    assert dbm["p"] == pytest.approx(row["p"], abs=1e-9)


def test_vandyke_is_as_imrmc_has_it() -> None:
    row = _row("vandyke_roc", "1 - 2", "rrrc", convention="imrmc")
    assert row["method"] == "ustat"
    assert row["components"]["variance"] == pytest.approx(0.000427313, abs=5e-10)
    assert row["p"] == pytest.approx(0.0556, abs=5e-5)


@pytest.mark.parametrize(("convention", "chi_square"), [("rjafroc", 0.3210), ("mrmcaov", 0.3640), ("own", 0.3640)])
def test_programs_that_part_on_fixed_readers_are_reached_by_convention(convention: str, chi_square: float) -> None:
    row = _row("franken_roc", "all conditions", "frrc", convention=convention)
    assert row["statistic"] == pytest.approx(chi_square, abs=5e-5)


def test_a_system_alone_is_as_rjafroc_has_it_and_fixed_cases_are_not_the_result() -> None:
    asked = {"figures": ("lroc-pcl@0.2",), "standalone": "1", "convention": "rjafroc", "generalise": ("rrfc",)}
    one = _row("cad_lroc", "readers - 1 (1T-RRRC)", "rrrc", **asked)
    assert one["p"] == pytest.approx(0.0417, abs=5e-5)
    assert one["df"] == pytest.approx(937, abs=0.5)
    assert _row("cad_lroc", "readers - 1 (2T-RRRC)", "rrrc", **asked)["p"] == pytest.approx(one["p"], abs=1e-9)
    assert _row("cad_lroc", "readers - 1 (1T-RRFC)", "rrfc", **asked)["p"] == pytest.approx(0.00015, abs=5e-6)


def test_missing_readings_with_a_negative_variance_have_no_p() -> None:
    row = _row("vandyke_missing", "1 - 2", "rrrc")
    assert row["p"] is None
    assert "below 0" in row["note"]
