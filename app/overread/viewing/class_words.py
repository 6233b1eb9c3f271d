"""What a reading of class scores says, in words and numbers that a card can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from overread.core.reading import Reading

if TYPE_CHECKING:
    from overread.viewing.results import Result

CLASS_WORDS = {
    "hcc": "HCC",
    "icc": "ICC",
    "metastasis": "Metastasis",
    "benign": "Benign",
    "primary": "Primary malignant",
    "mvi-": "No MVI",
    "mvi+": "MVI",
}
FACT_WORDS = {
    "sex": "Sex",
    "age_y": "Age",
    "diameter_mm": "Diameter",
    "afp_ng_ml": "AFP",
    "child_pugh": "Child-Pugh",
    "hbsag": "HBsAg",
    "hcv": "HCV",
}
POSITIVE = "mvi+"
"""The class of the one system whose call hangs on a threshold."""
NOT_MEASURED = "What such scores have meant has not been measured on any named set."


@dataclass(frozen=True, slots=True)
class Bar:
    """A class, its score from 0 to 1 as the network gave it, whether it is the one called."""

    words: str
    value: float
    is_called: bool


@dataclass(frozen=True, slots=True)
class ClassCard:
    """Everything a card shows of one reading; what is empty is left out.

    ``sureness`` is the value of the confidence, ``sureness_words`` what such a value was worth.
    """

    call: str
    bars: tuple[Bar, ...]
    rules: tuple[str, ...]
    sureness: float | None
    sureness_words: str
    facts: str
    meaning: tuple[str, ...]
    caution: str


def class_words(name: str | None) -> str:
    """A class as it is shown."""
    return CLASS_WORDS.get(name or "", name or "–")


def map_words(reading: Reading | None) -> str:
    """What the colours over the image measure: logits of the map that places candidates, or a Grad-CAM without a unit.

    A Grad-CAM speaks for one class: for invasion where the system asks only for that, else for the class called.
    """
    if reading is None or reading.classes is None:
        return "activation (logit)"
    target = POSITIVE if POSITIVE in reading.classes else reading.category
    return f"Grad-CAM for {class_words(target)} (no unit)"


def card_of(result: Result) -> ClassCard | None:
    """The card of a reading; None where it is no reading of classes."""
    reading = result.reading
    if reading is None or reading.result not in ("classes", "no-region"):
        return None
    if reading.result == "no-region":
        words = f"{result.system} had no region to look at. That is no answer, and never one of “benign”."
        return ClassCard("No class", (), (words,), None, "", "", (), result.caution)
    bars = tuple(
        Bar(class_words(name), float(value), name == reading.category)
        for name, value in (reading.classes or {}).items()
    )
    sureness = reading.confidence
    return ClassCard(
        f"Called: {class_words(reading.category)}",
        bars,
        tuple(_rules(reading)),
        None if sureness is None else sureness.value,
        "" if sureness is None else result.evidence.sureness_words(sureness.value),
        facts_words(reading.facts),
        tuple(_meaning(result)),
        result.caution,
    )


def summary_words(result_name: str, reading: Reading) -> str:
    """A reading of classes in a sentence, for where a list of candidates would begin."""
    count = len(reading.marks)
    places = f" on {count} {'slice' if count == 1 else 'slices'} of the region" if count else ""
    return f"{result_name} calls it {class_words(reading.category)}{places}."


def facts_words(facts: Mapping[str, Any] | None) -> str:
    """Which clinical facts were imputed; empty where none were."""
    if not facts:
        return ""
    said = []
    if measured := _names(facts.get("measured")):
        said.append(f"Measured from the region: {measured}.")
    if imputed := _names(facts.get("imputed")):
        said.append(f"Not given, the training mean stood for it: {imputed}.")
    return " ".join(said)


def _names(part: Any) -> str:
    names = list(part) if isinstance(part, Mapping | list | tuple) else []
    return ", ".join(FACT_WORDS.get(str(name), str(name)) for name in names)


def _rules(reading: Reading) -> list[str]:
    """How slices became one answer, and what the other rule says where it was asked."""
    told = dict(reading.parameters or {})
    total = told.get("slices", len(reading.marks))
    rules = []
    if told.get("rule") == "sum":
        rules.append(f"Sum over {total} slices: {class_words(reading.category)}.")
    if told.get("any_slice") is not None:
        some = told.get("malignant_slices")
        count = f" ({some} of {total} slices malignant)" if some is not None else ""
        rules.append(f"Any slice: {class_words(told['any_slice'])}{count}.")
    if told.get("rule") == "any-slice":
        some = told.get("positive_slices")
        rules.append(f"Any slice: {some} of {total} slices reach the threshold." if some is not None
                     else "Any slice: the highest one counts.")  # fmt: skip
    if told.get("rule") == "whole-patient":
        rules.append("One answer for the whole patient, not slice by slice.")
    return rules


def _meaning(result: Result) -> list[str]:
    """What the operating point and the scores have meant on named sets."""
    reading = result.reading
    said = []
    point = reading.operating_point if reading is not None else None
    if point is not None:  # what it has meant stands beside the operating point itself
        name = point.name.replace("-", " ")
        said.append(f"Called {class_words(POSITIVE)} from a score of {point.threshold:.2f}, the {name} point.")
    said += [measured.words for measured in result.evidence.sets if measured.figures]
    return said if result.points or result.evidence.sets else [*said, NOT_MEASURED]
