"""The words of the gate: what each figure is called, what it means for a reading, what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from overread.core.study import VolumeWarning
from overread.systems.gate_limits import Gate

_ANOTHER = "Choose another volume for it"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that the gate has to say, in three parts that make a sentence.

    ``level`` is ``warn`` or ``refuse``; ``what`` begins in small letters with the fact and its figure; ``why`` is empty
    where the fact says it itself.
    """

    level: str
    code: str
    what: str
    why: str
    remedy: str

    @property
    def sentence(self) -> str:
        """What, why and remedy, as a person reads them."""
        why = f": {self.why}" if self.why else ""
        return f"{self.what[:1].upper()}{self.what[1:]}{why}. {self.remedy}."


@dataclass(frozen=True, slots=True)
class _Side:
    """The words for one side of a range: how the limit is broken, why that matters, what to do."""

    limit: str
    why: str
    remedy: str = _ANOTHER


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure that is compared with limits. ``says`` states its value, ``write`` writes a limit with its unit."""

    says: Callable[[float], str]
    write: Callable[[float], str]
    below: _Side | None = None
    above: _Side | None = None


def remarks_on(figures: Mapping[str, float], gate: Gate) -> list[Remark]:
    """What the limits of a gate make of measured figures, in the order of the figures."""
    found = []
    for key, value in figures.items():
        verdict = gate.ranges[key].verdict(value)
        if verdict is None:
            continue
        level, side, limit = verdict
        figure = FIGURES[key]
        words = (figure.below if side == "below" else figure.above) or _UNUSUAL[side]
        beyond = "" if limit == 0 else f", {words.limit.format(figure.write(limit))}"
        found.append(Remark(level, key, figure.says(value) + beyond, words.why, words.remedy))
    return found


def remarks_of_scan(warnings: Sequence[VolumeWarning]) -> list[Remark]:
    """What the scan noticed about a volume, with what it means for a reading; all but one kind are warnings."""
    return [
        Remark("refuse" if w.code == "unknown-syntax" else "warn", w.code, w.text.rstrip("."), "", _AFTER_SCAN[w.code])
        for w in warnings
    ]


def counted(count: float, noun: str) -> str:
    """A number with its noun, in the plural where it must be."""
    return f"{count:g} {noun}" if count == 1 else f"{count:g} {noun}s"


def _mm(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") + " mm"


def _share(value: float) -> str:
    percent = 100 * value
    return (f"{percent:.0f}" if percent >= 10 else f"{percent:.1f}".removesuffix(".0")) + " %"


def _plain(value: float) -> str:
    return f"{value:g}"


_AFTER_SCAN = {
    "missing-slices": "A lesion in a missing slice cannot be found",
    "uneven-spacing": "Sizes along the body are not to be trusted",
    "duplicate-position": "Page through the slices before you trust a candidate",
    "uid-collision": "Make sure that no slice of another examination is among them",
    "gantry-tilt": "Places are right, but organs look sheared",
    "mixed-size": "Make sure that this is the volume you mean",
    "mixed-orientation": "Make sure that this is the volume you mean",
    "no-position": "Places cannot be told",
    "single-slice": "Choose the series of the whole liver",
    "truncated-pixels": "Look at the slices themselves before you trust what is said of them",
    "unknown-syntax": "Export the series again, uncompressed",
    "inconsistent-rescale": "Look whether the brightness jumps from slice to slice",
    "mixed-frame-of-reference": "Make sure that the patient did not move between them",
}
_UNUSUAL = {
    "below": _Side("less than {}", "the system was set up for other images"),
    "above": _Side("more than {}", "the system was set up for other images"),
}

FIGURES: dict[str, _Figure] = {
    "slices": _Figure(
        lambda v: f"it has {counted(v, 'slice')}",
        _plain,
        _Side("fewer than {}", "a part of the liver may be missing", "Choose the series of the whole liver"),
        _Side("more than {}", "it may hold several phases one after the other", "Choose the volume of one phase"),
    ),
    "spacing_mm": _Figure(
        lambda v: f"its slices lie {v:.1f} mm apart",
        _mm,
        None,
        _Side("more than {}", "a small lesion can lie between two of them", "Take a series with thinner slices"),
    ),
    "pixel_mm": _Figure(
        lambda v: f"its pixels are {v:.2f} mm wide",
        _mm,
        None,
        _Side("more than {}", "small lesions are blurred away", "Take a series with a finer matrix"),
    ),
    "matrix": _Figure(
        lambda v: f"its slices have {v:g} rows or columns",
        _plain,
        _Side("fewer than {}", "that is too coarse to show a small lesion", "Take a series with a finer matrix"),
        _Side("more than {}", "no scanner makes such slices"),
    ),
    "field_mm": _Figure(
        lambda v: f"it shows {_mm(v)} across",
        _mm,
        _Side(
            "less than {}",
            "an adult's abdomen is wider, so it may be another part of the body or a cut-out",
            "Choose the series with the whole abdomen",
        ),
        _Side(
            "more than {}",
            "the liver is small in the system's image, and lesions smaller still",
            "Look for small lesions with more care yourself",
        ),
    ),
    "coverage_mm": _Figure(
        lambda v: f"its slices cover {_mm(v)} from first to last",
        _mm,
        _Side(
            "less than {}",
            "a liver is 150 to 200 mm high, and what is not in these images is not read",
            "Choose the series of the whole liver if there is one",
        ),
    ),
    "tilt_deg": _Figure(
        lambda v: f"its slices are tilted by {v:.0f}°",
        lambda v: f"{v:g}°",
        None,
        _Side(
            "more than {}",
            "organs look different in tilted slices, and the system learnt from straight ones",
            "Choose a series that was not tilted",
        ),
    ),
    "b_value": _Figure(
        lambda v: f"its b-value is {v:g} s/mm²",
        lambda v: f"{v:g} s/mm²",
        _Side(
            "less than {}",
            "at a low b-value fluid is still bright and hides what diffusion shows",
            "Choose the images with b 800 to 1000",
        ),
        _Side("more than {}", "little but noise is left of the liver", "Choose the images with b 800 to 1000"),
    ),
    "grey_values": _Figure(
        lambda v: f"its pixels hold {counted(v, 'different grey value')}",
        _plain,
        _Side("fewer than {}", "that is a mask or a label map rather than an image", "Choose the image itself"),
    ),
    "commonest_share": _Figure(
        lambda v: f"{_share(v)} of its pixels have one and the same value",
        _share,
        None,
        _Side("more than {}", "hardly anything of a body can be seen", "Look at the images first"),
    ),
    "brightest_share": _Figure(
        lambda v: f"{_share(v)} of its pixels are as bright as can be",
        _share,
        None,
        _Side(
            "more than {}",
            "its brightness was cut off, and the difference between liver and lesion may be lost",
            "Export the series again without a fixed window",
        ),
    ),
    "structure": _Figure(
        lambda v: f"only {_share(v)} of its contrast is coarser than grain",
        _share,
        _Side(
            "less than {}",
            "it looks like noise or a phase image rather than a body",
            "Choose the images that show the abdomen",
        ),
    ),
    "edge_brightness": _Figure(
        lambda v: f"its edge is brighter than its middle by {_share(v)} of its range",
        _share,
        None,
        _Side(
            "more than {}",
            "black and white are probably exchanged, and a dark lesion would be bright",
            "Export the series again with the right photometric interpretation",
        ),
    ),
    "blank_share": _Figure(
        lambda v: f"{_share(v)} of its slices are empty",
        _share,
        None,
        _Side(
            "more than {}", "each of them holds one value only", "Export the series again if they should show something"
        ),
    ),
    "undecoded_share": _Figure(
        lambda v: f"{_share(v)} of its slices cannot be decoded",
        _share,
        None,
        _Side("more than {}", "what is left is not the whole liver", "Export the series again"),
    ),
    "no_number_share": _Figure(
        lambda v: f"{_share(v)} of its values are no numbers",
        _share,
        None,
        _Side("more than {}", "they are read as darkness", "Export the volume again"),
    ),
}
