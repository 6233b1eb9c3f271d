"""A second read on one page: what was read, by whom and with what, the findings, the changes, key images (PDF, A4)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from overread import __version__
from overread.core.errors import InputError
from overread.core.progress import Progress
from overread.core.research_use import RESEARCH_USE
from overread.core.study import Volume
from overread.io.atomic import write_atomically
from overread.io.source_headers import read_source_headers
from overread.study.export import ExportRequest, KeyPicture, file_stem
from overread.study.findings_table import FindingRow, finding_rows, rows_in_use
from overread.study.marks import RATING_WORDS, Point
from overread.study.second_read import SecondRead

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LINES, MOST_CHANGES, MOST_PICTURES = 22, 8, 4
"""Lines of the table (a note takes one), lines of the change list, key images."""
BLINDED = "Patient data left out"
_WIDTH_MM, _HEIGHT_MM, _MARGIN_MM, _LINE_MM = 210.0, 297.0, 18.0, 4.6
_INK, _QUIET, _RULE, _CAUTION = "#15181b", "#5b646d", "#c9d0d6", "#8a4b00"
_FONT = "DejaVu Sans"
_LEGEND = (
    f"Rating: suspicion from 1 ({RATING_WORDS[1]}) to 5 ({RATING_WORDS[5]}). Place: mm towards left or right, back or "
    "front (P, A), head or feet (S, I)."
)
_COLUMNS = (
    ("No.", 0.0),
    ("Origin", 12.0),
    ("Slice", 50.0),
    ("Place, mm", 62.0),
    ("Score", 96.0),
    ("Rating", 109.0),
    ("Length", 123.0),
    ("Activation", 138.0),
    ("Verdict", 156.0),
)
"""Heading and place (mm from the left margin) of each column."""


@dataclass(frozen=True, slots=True)
class SheetText:
    """Everything the page says, in words. ``rows``: cells, and the note that stands under them."""

    what: str
    who: str
    lines: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], str], ...]
    more_rows: str
    changes: tuple[str, ...]
    caution: str
    foot: str


def write_pdf_of(second_read: SecondRead, request: ExportRequest, _progress: Progress) -> list[Path]:
    """Write the page of an export request."""
    who = patient_words(request.volume) if request.identified else BLINDED
    text = replace(sheet_text(second_read, request.volume, request.threshold, request.point, request.caution), who=who)
    path = Path(request.folder) / f"{file_stem(second_read)}.pdf"
    return [write_pdf(path, text, request.pictures)]


def sheet_text(
    second_read: SecondRead, volume: Volume, threshold: float | None, point: str | None, caution: str
) -> SheetText:
    """The words of the page; nothing in them names the patient, unless the reader wrote so in a note."""
    everything = finding_rows(second_read, threshold)
    in_use = rows_in_use(everything)
    shown = _fitting(in_use)
    more = "" if len(shown) < len(in_use) else ", withdrawn or below the operating point,"
    hidden = len(everything) - len(shown)
    changes = [change.words for change in second_read.change_list()]
    if len(changes) > MOST_CHANGES:
        changes = [*changes[: MOST_CHANGES - 1], f"... and {len(changes) - MOST_CHANGES + 1} more."]
    seal = f"Sealed {str(second_read.sealed[-1].to_json()['seal'])[:16]}." if second_read.sealed else "Not sealed yet."
    return SheetText(
        what=_volume_words(volume),
        who=BLINDED,
        lines=tuple(_head_lines(second_read, threshold, point)),
        rows=tuple((_cells(row), _short(row.note or "", 110)) for row in shown),
        more_rows=f"... and {hidden} more{more} in the CSV." if hidden else "",
        changes=tuple(changes) or (_no_change(second_read),),
        caution=" ".join(dict.fromkeys(part for part in (RESEARCH_USE, caution) if part)),
        foot=f"Overread {__version__}. {seal} Scores are not probabilities; activation is no lesion outline.",
    )


def _fitting(rows: Sequence[FindingRow]) -> list[FindingRow]:
    """As many rows as the page has lines for."""
    kept: list[FindingRow] = []
    lines = 0
    for row in rows:
        lines += 2 if row.note else 1
        if lines > MOST_LINES:
            break
        kept.append(row)
    return kept


def patient_words(volume: Volume) -> str:
    """Name, number and study date as the first file of the volume has them.

    Raises
    ------
    InputError
        The volume is no DICOM, or its file has gone.
    """
    if volume.file_format != "dicom":
        raise InputError(
            "The PDF cannot name the patient", "the series is no DICOM and says nobody's name", "Export without names"
        )
    (header,) = read_source_headers([Path(volume.slices[0].path)], identified=True)
    name = str(header.PatientName).replace("^", " ").split("=")[0].strip()
    date = f"study of {header.StudyDate}" if header.StudyDate else "no study date"
    parts = (name or "no name", str(header.PatientID) or "no number", date)
    return ", ".join(parts)


def write_pdf(path: Path, text: SheetText, pictures: Sequence[KeyPicture] = ()) -> Path:
    """Draw the page.

    Raises
    ------
    InputError
        A key image cannot be read.
    StorageError
        See ``write_atomically``.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    images = [(p.caption, _rgb(p)) for p in pictures[:MOST_PICTURES]]
    with mpl.rc_context({"pdf.fonttype": 42, "font.family": _FONT, "text.parse_math": False}):
        figure = Figure(figsize=(_WIDTH_MM / 25.4, _HEIGHT_MM / 25.4))
        FigureCanvasPdf(figure)
        page = _Page(figure)
        _draw_head(page, text)
        _draw_table(page, text)
        _draw_changes(page, text)
        _draw_pictures(page, images)
        page.at(_HEIGHT_MM - 10)
        page.say(text.foot, size=6.5, colour=_QUIET)
        about = {"CreationDate": None, "Creator": "Overread", "Producer": "Overread", "Title": "Second read"}
        write_atomically(Path(path), lambda beside: figure.savefig(beside, format="pdf", metadata=about))
    return Path(path)


class _Page:
    """A sheet of paper with a pen at a height, mm from its upper edge."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.y_mm = _MARGIN_MM

    def at(self, y_mm: float) -> None:
        """Put the pen at a height."""
        self.y_mm = y_mm

    def say(
        self, words: str, x_mm: float = 0.0, *, size: float = 8.0, colour: str = _INK, weight: str = "normal"
    ) -> None:
        """One line of text at the pen, from the left margin; the pen stays."""
        x, y = (_MARGIN_MM + x_mm) / _WIDTH_MM, 1 - self.y_mm / _HEIGHT_MM
        text = self.figure.text(x, y, drawable(words), fontsize=size, color=colour, fontweight=weight, va="baseline")
        if hasattr(text, "set_fontfeatures"):  # ligatures of matplotlib 3.11 cannot be searched or copied in the PDF
            text.set_fontfeatures(["-liga"])

    def down(self, mm: float = _LINE_MM) -> None:
        """Move the pen down."""
        self.y_mm += mm

    def rule(self) -> None:
        """A thin line across the page under the pen."""
        from matplotlib.lines import Line2D

        y = 1 - (self.y_mm + 1.4) / _HEIGHT_MM
        ends = (_MARGIN_MM / _WIDTH_MM, 1 - _MARGIN_MM / _WIDTH_MM)
        self.figure.add_artist(Line2D(ends, (y, y), color=_RULE, linewidth=0.6))

    def picture(self, x_mm: float, width_mm: float, height_mm: float, rgb: NDArray[np.uint8]) -> None:
        """A picture with its upper left corner at the pen, as large as fits, its shape kept."""
        scale = min(width_mm / rgb.shape[1], height_mm / rgb.shape[0])
        wide, high = rgb.shape[1] * scale, rgb.shape[0] * scale
        left, bottom = (_MARGIN_MM + x_mm) / _WIDTH_MM, 1 - (self.y_mm + high) / _HEIGHT_MM
        axes = self.figure.add_axes((left, bottom, wide / _WIDTH_MM, high / _HEIGHT_MM))
        axes.imshow(rgb, aspect="auto", interpolation="none")
        axes.set_axis_off()


def drawable(text: str) -> str:
    """Text without letters that the page's font lacks; the CSV has them all."""
    from matplotlib import font_manager, ft2font

    glyphs = ft2font.FT2Font(font_manager.findfont(_FONT)).get_charmap()
    return "".join(c if ord(c) in glyphs else "\N{WHITE SQUARE}" for c in " ".join(text.split()))


def _draw_head(page: _Page, text: SheetText) -> None:
    page.say("Second read", size=16, weight="bold")
    page.down(6)
    page.say(_short(text.who, 110), size=8.5, colour=_QUIET if text.who == BLINDED else _INK)
    page.down(5)
    page.say(text.what, size=9)
    page.down()
    for line in text.lines:
        page.say(line)
        page.down(4.2)
    for line in textwrap.wrap(text.caution, 100):
        page.say(line, colour=_CAUTION, weight="bold")
        page.down(4.2)
    page.down(4)


def _draw_table(page: _Page, text: SheetText) -> None:
    page.say("Findings", size=10, weight="bold")
    page.down(5.5)
    if not text.rows:
        page.say("No place was marked, and no candidate reaches the operating point.", colour=_QUIET)
        page.down()
    else:
        for heading, x in _COLUMNS:
            page.say(heading, x, size=7, colour=_QUIET)
        page.rule()
        page.down(5)
        for row in text.rows:
            _draw_row(page, *row)
    for words in (text.more_rows, _LEGEND if text.rows else ""):
        if words:
            page.say(words, size=6.5, colour=_QUIET)
            page.down(3.8)
    page.down(4)


def _draw_row(page: _Page, cells: Sequence[str], note: str) -> None:
    for cell, (_, x) in zip(cells, _COLUMNS, strict=True):
        page.say(cell, x, size=7)
    page.down(3.8 if note else 4.2)
    if note:
        page.say(note, _COLUMNS[1][1], size=6.5, colour=_QUIET)
        page.down(4.4)


def _draw_changes(page: _Page, text: SheetText) -> None:
    page.say("After the systems were shown", size=10, weight="bold")
    page.down(5.5)
    for words in text.changes:
        page.say(textwrap.shorten(words, 128, placeholder=" ..."), size=7.5)
        page.down(4.2)
    page.down(3)


def _draw_pictures(page: _Page, images: Sequence[tuple[str, NDArray[np.uint8]]]) -> None:
    """Up to four over the foot of the page under their captions: in two rows where that makes them larger."""
    if not images:
        return
    top, room = page.y_mm, _HEIGHT_MM - 16 - page.y_mm
    columns = max(range(1, len(images) + 1), key=lambda n: (_picture_scale(images, n, room), n))
    rows = -(-len(images) // columns)
    wide, high = _cell(columns, rows, room)
    for n, (caption, rgb) in enumerate(images):
        x = n % columns * (wide + 4)
        page.at(top + n // columns * (high + 9))
        page.say(textwrap.shorten(caption, max(12, int(wide / 1.5)), placeholder=" ..."), x, size=7, colour=_QUIET)
        page.down(2)
        page.picture(x, wide, high, rgb)


def _cell(columns: int, rows: int, room_mm: float) -> tuple[float, float]:
    """Width and height, mm, that a picture has in a grid."""
    wide = (_WIDTH_MM - 2 * _MARGIN_MM - 4 * (columns - 1)) / columns
    return wide, max(15.0, room_mm / rows - 9)


def _picture_scale(images: Sequence[tuple[str, NDArray[np.uint8]]], columns: int, room_mm: float) -> float:
    """How large the pictures become in so many columns, mm per pixel."""
    wide, high = _cell(columns, -(-len(images) // columns), room_mm)
    return min(float(min(wide / rgb.shape[1], high / rgb.shape[0])) for _, rgb in images)


def _rgb(picture: KeyPicture) -> NDArray[np.uint8]:
    if not isinstance(picture.picture, str):
        return picture.picture
    from matplotlib import image

    try:
        read = image.imread(picture.picture, format="png")
    except (OSError, ValueError, SyntaxError) as problem:
        raise InputError(
            "A key image cannot be read", f"{Path(picture.picture).name} is missing or damaged", "Keep it again"
        ) from problem
    grey_or_rgb = read[..., None].repeat(3, axis=2) if read.ndim == 2 else read[..., :3]
    return np.asarray(np.rint(grey_or_rgb * 255), dtype=np.uint8)


def _volume_words(volume: Volume) -> str:
    k, j, i = volume.shape
    spacing = volume.spacing_mm
    size = f"{k} slices of {i} x {j}"
    if spacing is not None:
        size += f", {spacing[2]:.2f} x {spacing[1]:.2f} mm, {spacing[0]:.1f} mm apart"
    role = f" {volume.role.name}" if volume.role.name else ""
    return f"{volume.modality or 'Volume'}{role}, series {volume.id}: {size}"


def _head_lines(second_read: SecondRead, threshold: float | None, point: str | None) -> list[str]:
    if second_read.shown_from_start:
        lines = [f"Reader: {second_read.reader}. The systems were shown from the start; nothing was read alone."]
    else:
        alone_s = second_read.sealed[0].times.get("alone_s") if second_read.sealed else None
        took = f" ({_duration(float(alone_s))})" if isinstance(alone_s, int | float) else ""
        then = ", then with what follows." if second_read.readings else "."
        lines = [f"Reader: {second_read.reader}. Read alone first{took}{then}"]
    for reader in second_read.systems:
        digest = f", bundle {reader.bundle_digest[:16]}" if reader.bundle_digest else ""
        lines.append(f"System: {reader.id}{f' ({reader.variant})' if reader.variant else ''}{digest}.")
    if second_read.systems:
        name = f"{point.replace('-', ' ')}, " if point else ""
        at = "all candidates down to the floor" if threshold is None else f"{name}score of at least {threshold:.2f}"
        lines.append(f"Operating point: {at}.")
    state = {"alone": "not finished, still alone", "revealed": "not finished", "finished": "finished"}
    return [*lines, f"State: {state[second_read.stage]}."]


def _no_change(second_read: SecondRead) -> str:
    return "Nothing was changed." if second_read.is_revealed else "Not shown yet."


def _cells(row: FindingRow) -> tuple[str, ...]:
    return (
        row.number,
        textwrap.shorten(row.origin, 24, placeholder="..."),
        "" if row.slice is None else str(row.slice + 1),
        _place(row.centre_mm),
        "" if row.score is None else f"{row.score:.2f}",
        "" if row.rating is None else f"{row.rating} of 5",
        "" if row.length_mm is None else f"{row.length_mm:.0f} mm",
        "" if row.extent_mm is None else f"{row.extent_mm:.0f} mm",
        row.verdict_words,
    )


def _place(centre_mm: Point) -> str:
    """``L 12  P 34  S 56``: towards left or right, back or front, head or feet."""
    pairs = zip(("LR", "PA", "SI"), centre_mm, strict=True)
    return "  ".join(f"{letters[v < 0]} {abs(v):.0f}" for letters, v in pairs)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
