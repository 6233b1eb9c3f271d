"""Contact sheets as PNG files, named or blind."""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from overread.core.processes import run_in_processes
from overread.core.progress import SILENT, Progress
from overread.evaluation.phantom_folder import CaseOrder
from overread.io import write_atomically
from overread.phantom.gallery import DRAWN_NOT_A_PATIENT, Sheet, draw_sheet, words
from overread.phantom.gallery_tiles import Picture, Tile, drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEY_CSV = "key.csv"
TILE_PX, MOST_COLUMNS = 440, 5
_DPI, _GAP, _LINE = 100, 10, 18
_GROUND, _TEXT, _QUIET = "#101113", "#e6e8ea", "#a8b0b8"
_FONT = "DejaVu Sans"
_Lines = list[tuple[str, str]]
"""Text and its colour."""
_EAST_ASIAN = re.compile(
    r"CJK|Source Han|Gothic|Mincho|Hiragino|PingFang|Heiti|SimHei|SimSun|YaHei|WenQuanYi|Malgun|Nanum|Batang|"
    r"Droid Sans Fallback|Arial Unicode",
    re.IGNORECASE,
)


def make_sheets(
    folder: Path, wanted: Sequence[CaseOrder], *, is_blind: bool = False, jobs: int = 1, progress: Progress = SILENT
) -> list[Path]:
    """Draw contact sheets of cases into a folder.

    Parameters
    ----------
    folder
        Gets ``KIND-SEED.png`` for each; blind, ``001.png`` and so on in an order drawn from the first seed, without
        outlines, names and facts, and ``key.csv``, which tells which is which.
    wanted
        The cases; only kind, seed, site and normals count.
    jobs
        Processes.

    Returns
    -------
    paths
        In the order of ``wanted``.

    Raises
    ------
    StorageError
        The folder cannot be written to.
    """
    if is_blind:
        order = np.random.default_rng([wanted[0].seed, len(wanted)]).permutation(len(wanted)).tolist()
        names = [f"{order.index(n) + 1:03}.png" for n in range(len(wanted))]
        _write_key(folder / KEY_CSV, sorted(zip(names, wanted, strict=True), key=lambda pair: pair[0]))
    else:
        names = [f"{case.kind}-{case.seed}.png" for case in wanted]
    paths = [folder / name for name in names]
    calls = sorted(((case, path, is_blind) for case, path in zip(wanted, paths, strict=True)), key=lambda c: c[1].name)
    run_in_processes(make_sheet, calls, jobs, "Drawing contact sheets", progress)
    return paths


def make_sheet(case: CaseOrder, path: Path, is_blind: bool = False) -> None:
    """Draw one case and write its sheet."""
    write_sheet(draw_sheet(case.kind, case.seed, case.site, case.normals), path, is_blind=is_blind)


def write_sheet(sheet: Sheet, path: Path, *, is_blind: bool = False, tile_px: int = TILE_PX) -> None:
    """Lay a sheet out on a dark page and write it as PNG.

    Parameters
    ----------
    is_blind
        Only the images, with a letter each: no outlines, names or facts.
    tile_px
        Width of a tile.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    figure = _page(sheet, is_blind, tile_px)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=_DPI, facecolor=_GROUND, metadata={"Software": None})
    write_atomically(path, lambda beside: _write(beside, picture.getvalue()))


def save_sheet(sheet: Sheet, path: Path, progress: Progress = SILENT) -> None:
    """Write a sheet with its names and outlines, for whoever calls it in another process."""
    progress.step("Saving", 0, None)
    write_sheet(sheet, path)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _write_key(path: Path, rows: Sequence[tuple[str, CaseOrder]]) -> None:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("file", "kind", "seed", "site", "normals"))
    lines.writerows((name, case.kind, case.seed, case.site, case.normals) for name, case in rows)
    write_atomically(path, lambda beside: _write(beside, text.getvalue().encode()))


def _page(sheet: Sheet, is_blind: bool, tile_px: int) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = sheet.rows(MOST_COLUMNS)
    marks = () if is_blind else sheet.marks
    pictures = [[drawn(tile, marks, tile_px) for tile in row] for row in rows]
    width = _GAP + max(len(row) for row in rows) * (tile_px + _GAP)
    figure = Figure(dpi=_DPI)
    FigureCanvasAgg(figure)
    head = [] if is_blind else _head(figure, sheet, width - 2 * _GAP)
    captions = _captions(figure, rows, is_blind, tile_px)
    tops, at = [], _GAP + len(head) * _LINE + (_GAP if head else 0)
    for images, lines in zip(pictures, captions, strict=True):
        tops.append(at)
        at += max(len(image) for image in images) + max(len(of_tile) for of_tile in lines) * _LINE + _GAP
    figure.set_size_inches(width / _DPI, at / _DPI)
    figure.figimage(_mosaic(pictures, tops, (at, width), tile_px), origin="upper")
    _say(figure, head, (_GAP, _GAP))
    for lines, images, top in zip(captions, pictures, tops, strict=True):
        below = top + max(len(image) for image in images) + 3
        for column, of_tile in enumerate(lines):
            _say(figure, of_tile, (_GAP + column * (tile_px + _GAP), below))
    return figure


def _mosaic(pictures: list[list[Picture]], tops: list[int], size: tuple[int, int], tile_px: int) -> Picture:
    ground = tuple(int(_GROUND[n : n + 2], 16) for n in (1, 3, 5))
    page = np.empty((*size, 3), dtype=np.uint8)
    page[:] = ground
    for row, top in zip(pictures, tops, strict=True):
        for column, picture in enumerate(row):
            left = _GAP + column * (tile_px + _GAP)
            page[top : top + len(picture), left : left + tile_px] = picture
    return page


def _head(figure: Figure, sheet: Sheet, width: int) -> _Lines:
    lines = [(f"{sheet.title}   {DRAWN_NOT_A_PATIENT}", _TEXT)]
    lines += [(line, _QUIET) for fact in sheet.facts for line in _wrapped(figure, fact, width)]
    lines += [(line, _TEXT) for finding in sheet.findings for line in _wrapped(figure, finding, width)]
    for mark in sheet.shown:
        meaning = "whole line: what the case is about" if mark.is_target else "dashed line: beside it"
        lines.append((f"■ {words(mark.type)}, {meaning}", "#{:02x}{:02x}{:02x}".format(*mark.colour)))
    return lines


def _captions(figure: Figure, rows: Sequence[Sequence[Tile]], is_blind: bool, width: int) -> list[list[_Lines]]:
    """Lines under every tile: a letter, or role and slice and what the header calls the series."""
    if is_blind:
        first = np.cumsum([0, *(len(row) for row in rows)])
        return [
            [[(_letter(start + n), _TEXT)] for n in range(len(row))] for row, start in zip(rows, first, strict=False)
        ]
    return [[_caption(figure, tile, width) for tile in row] for row in rows]


def _caption(figure: Figure, tile: Tile, width: int) -> _Lines:
    """The description only where there is a font for it."""
    described = _wrapped(figure, tile.description, width) if _can_write(tile.description) else []
    return [(f"{tile.role}   {tile.caption}", _TEXT), *((line, _QUIET) for line in described)]


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else f"{chr(ord('A') + number // 26 - 1)}{chr(ord('A') + number % 26)}"


def _say(figure: Figure, lines: _Lines, at: tuple[float, float]) -> None:
    """Lines with their upper left corner ``at`` = (x, y) pixels from the upper left of the page."""
    width, height = figure.get_size_inches() * _DPI
    for n, (line, colour) in enumerate(lines):
        figure.text(
            at[0] / width,
            1 - (at[1] + n * _LINE) / height,
            line,
            color=colour,
            fontsize=9,
            fontfamily=_families(),
            va="top",
            parse_math=False,
        )


def _wrapped(figure: Figure, text: str, width: float) -> list[str]:
    """Text in lines no wider than ``width`` pixels, broken at blanks where there are any."""
    lines: list[str] = []
    rest = text.strip()
    while rest:
        count = len(rest)
        while count > 1 and _width(figure, rest[:count]) > width:
            count -= max(1, count // 20)
        cut = count if count == len(rest) else max(rest.rfind(" ", 0, count + 1), 0) or count
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return lines


def _width(figure: Figure, text: str) -> float:
    made = figure.text(0, 0, text, fontsize=9, fontfamily=_families(), parse_math=False)
    width = float(made.get_window_extent().width)
    made.remove()
    return width


def _can_write(text: str) -> bool:
    """Whether there is a glyph for every letter."""
    return all(any(ord(letter) in glyphs for glyphs in _glyphs()) for letter in text)


def _families() -> list[str]:
    return [_FONT, *(name for name, _ in _east_asian())]


@functools.cache
def _glyphs() -> tuple[frozenset[int], ...]:
    from matplotlib import font_manager, ft2font

    latin = ft2font.FT2Font(font_manager.findfont(_FONT)).get_charmap()
    return frozenset(latin), *(glyphs for _, glyphs in _east_asian())


@functools.cache
def _east_asian() -> tuple[tuple[str, frozenset[int]], ...]:
    """A font of this computer for Chinese, Korean and Japanese each, as far as there is one: name, glyphs."""
    from matplotlib import font_manager, ft2font

    missing = {ord(letter) for letter in "肝한の"}
    found = []
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda e: (e.weight != 400, e.name)):
        if missing and _EAST_ASIAN.search(entry.name):
            glyphs = frozenset(ft2font.FT2Font(entry.fname).get_charmap())
            if missing & glyphs:
                found.append((entry.name, glyphs))
                missing -= glyphs
    return tuple(found)
