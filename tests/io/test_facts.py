"""Clinical facts from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overread.core.errors import InputError
from overread.core.facts import Facts
from overread.core.truth import Truth
from overread.io import write_truth
from overread.io.facts import read_facts

pytestmark = pytest.mark.light


def test_a_truth_gives_the_facts_that_systems_know_and_its_others_are_passed_over(tmp_path: Path) -> None:
    told = {"sex": "female", "age_y": 73, "height_m": 1.45, "weight_kg": 50.5, "hcv": True}
    write_truth(tmp_path / "truth.json", Truth("c", "mvi-", (), facts=told))
    assert read_facts(tmp_path / "truth.json") == Facts(sex="female", age_y=73.0, hcv=True)


def test_a_fact_that_no_system_knows_is_refused_in_a_list_of_facts(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps({"age_y": 73, "height_m": 1.45}), encoding="utf-8")
    with pytest.raises(InputError, match="height_m"):
        read_facts(tmp_path / "facts.json")
