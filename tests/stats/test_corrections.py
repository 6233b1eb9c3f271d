"""Several tests at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.corrections import Correction, corrected_p

pytestmark = pytest.mark.light

METHODS: tuple[Correction, ...] = ("bonferroni", "sidak", "holm", "hommel", "bh", "by")
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_by_hand() -> None:
    assert corrected_p([0.01, 0.04, 0.03], "holm").tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert corrected_p([0.01, 0.04, 0.03], "bonferroni").tolist() == pytest.approx([0.03, 0.12, 0.09])
    assert corrected_p([0.01, 0.04, 0.03], "bh").tolist() == pytest.approx([0.03, 0.04, 0.04])


@settings(deadline=None, max_examples=25)
@given(p_values, st.sampled_from(METHODS))
def test_no_p_falls_none_leaves_its_rank_and_order_does_not_matter(p: list[float], method: Correction) -> None:
    adjusted = corrected_p(p, method)
    assert (adjusted >= np.array(p) - 1e-12).all()
    assert (adjusted <= 1).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= -1e-12).all()
    assert corrected_p(p[::-1], method)[::-1] == pytest.approx(adjusted)


@settings(deadline=None, max_examples=25)
@given(p_values)
def test_hommel_is_below_holm_is_below_bonferroni(p: list[float]) -> None:
    hommel, holm, bonferroni = (corrected_p(p, m) for m in ("hommel", "holm", "bonferroni"))
    assert (hommel <= holm + 1e-12).all()
    assert (holm <= bonferroni + 1e-12).all()
    assert (corrected_p(p, "bh") <= corrected_p(p, "by") + 1e-12).all()


@pytest.mark.parametrize("method", METHODS)
def test_one_test_needs_no_correction_and_a_missing_one_is_not_counted(method: Correction) -> None:
    assert corrected_p([0.03], method).tolist() == pytest.approx([0.03])
    assert corrected_p([0.03, np.nan], method).tolist() == pytest.approx([0.03, np.nan], nan_ok=True)


def test_what_is_no_p_is_refused() -> None:
    with pytest.raises(ValueError, match="outside 0 to 1"):
        corrected_p([0.5, 1.5])
