"""The three signs of microvascular invasion."""

from __future__ import annotations

from itertools import product

import pytest

from overread.core.signs import SIGNS, three_signs

pytestmark = pytest.mark.light


def test_only_arteries_without_halo_and_without_difference_say_invasion() -> None:
    invaded = [signs for signs in product([True, False], repeat=len(SIGNS)) if three_signs(*signs)]
    assert invaded == [(True, False, False)]
