"""The clinical form and the three signs as plain state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overread.core.errors import InputError
from overread.core.facts import Facts
from overread.viewing.facts import FactsForm
from overread.viewing.signs import Signs


@pytest.fixture
def form() -> FactsForm:
    made = FactsForm()
    made.show("1.2.3")
    return made


def test_an_empty_form_is_nothing_known_and_says_what_stands_for_it(form: FactsForm) -> None:
    assert form.facts == Facts()
    assert form.missing_words() == (
        "All are unknown. What is missing takes the training mean, and the reading says so."
    )


def test_what_is_typed_becomes_facts(form: FactsForm) -> None:
    for name, text in (("sex", "female"), ("age_y", "61"), ("afp_ng_ml", "12,5"), ("hbsag", "yes"), ("hcv", "no")):
        form.set_text(name, text)
    assert form.facts == Facts(sex="female", age_y=61.0, afp_ng_ml=12.5, hbsag=True, hcv=False)
    assert "Diameter, Child-Pugh" in form.missing_words()


@pytest.mark.parametrize("text", ["160", "-1", "old", "nan", "1,000,000"])
def test_an_impossible_age_is_named_while_it_is_typed(form: FactsForm, text: str) -> None:
    form.set_text("age_y", text)
    assert form.error_of("age_y") == f"Age cannot be “{text}”: it is a number from 0 to 120 (years)."
    assert form.has_errors
    assert form.facts.age_y is None
    form.set_text("age_y", "")
    assert not form.has_errors


def test_every_study_has_its_own_form(form: FactsForm) -> None:
    form.set_text("age_y", "50")
    form.show("other")
    assert form.facts == Facts()
    form.show("1.2.3")
    assert form.facts.age_y == 50


def test_facts_go_to_a_file_and_come_back(form: FactsForm, tmp_path: Path) -> None:
    for name, text in (("sex", "male"), ("diameter_mm", "34.5"), ("child_pugh", "B"), ("hbsag", "no")):
        form.set_text(name, text)
    before, path = form.facts, tmp_path / "facts.json"
    form.save(path)
    assert json.loads(path.read_text()) == {"sex": "male", "diameter_mm": 34.5, "child_pugh": "B", "hbsag": False}
    form.clear()
    form.load(path)
    assert form.facts == before


def test_a_wrong_file_changes_nothing(form: FactsForm, tmp_path: Path) -> None:
    form.set_text("age_y", "50")
    path = tmp_path / "facts.json"
    path.write_text('{"age_y": 500}')
    with pytest.raises(InputError, match="age_y"):
        form.load(path)
    assert form.facts == Facts(age_y=50.0)


def test_the_signs_speak_for_invasion_in_one_case_only() -> None:
    signs = Signs()
    signs.show("a")
    for sign, answer in (("internal arteries", True), ("hypodense halo", False), ("tumour-liver difference", False)):
        assert signs.verdict is None
        signs.set_answer(sign, answer)
    assert signs.verdict is True
    assert signs.words().startswith("By the rule, the signs speak for microvascular invasion.")
    signs.show("b")
    assert signs.verdict is None


def test_one_sign_against_decides_before_the_others_are_judged() -> None:
    signs = Signs()
    signs.set_answer("hypodense halo", True)
    assert signs.verdict is False
    signs.set_answer("hypodense halo", None)
    assert signs.verdict is None
    assert "Not judged yet" in signs.words()
