"""CPU milliseconds per frame of the viewport: a new 512 x 512 slice each time, with and without the heatmap.

    python benchmarks/paint.py [--frames 60]

CPU is process time over all threads of Qt, the median of three rounds: it hardly depends on what else the machine does.
"Image" is the slice and the heat alone (what ux/MEASURED.md section 5 measured for other ways to paint); "whole
widget" adds contour, candidates, letters, ruler, corner text and colour bar; "2 x 2" is four such views that scroll
together, in the same room as the one.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.core.reading import Mark, Reader, Reading
from overread.core.roles import Role
from overread.core.study import Pixels, Volume
from overread.ui import theme
from overread.ui.read.grid import ViewportGrid
from overread.ui.read.painter import SlicePainter
from overread.ui.settings import Settings
from overread.viewing.operating import Point
from overread.viewing.session import Result, Session
from overread.viewing.viewport import Viewport

SLICES, SIDE, CELLS = 60, 512, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=SLICES)
    frames = parser.parse_args().frames
    app = QApplication([])
    theme.apply(app)
    print(f"{'':<44}{'CPU ms':>10}{'wall ms':>10}")
    for points in (900, 1800):
        session = scene(1)
        viewport = session.layout.active
        grid = ViewportGrid(session, Settings())
        grid.resize(points, points)
        target = QImage(points, points, QImage.Format.Format_RGB32)
        painter = SlicePainter()
        image = functools.partial(paint, viewport, painter, target)
        whole = functools.partial(grid.active.render, target)
        for name, is_shown, draw in (("image", False, image), ("image + heat", True, image),
                                     ("whole widget", False, whole), ("whole widget + heat, marks", True, whole)):
            viewport.overlay.shown = is_shown
            row(f"{points} px, {name}", measure(viewport, draw, frames))
        session = scene(4)
        grid = ViewportGrid(session, Settings())
        grid.resize(points, points)
        row(f"{points} px, 2 x 2 linked + heat, marks",
            measure(session.layout.active, functools.partial(grid.render, target), frames))


def row(name: str, figures: tuple[float, float]) -> None:
    """Print one line of the table."""
    print(f"{name:<44}{figures[0]:>10.1f}{figures[1]:>10.1f}", flush=True)


def scene(views: int) -> Session:
    """So many stacks of one frame of reference, each with a hot spot of about 13 % of each slice and one candidate."""
    random = np.random.default_rng(5)
    affine = Affine(np.diag([0.7, 0.7, 3.0, 1.0]))
    stored = random.integers(0, 1500, (SLICES, SIDE, SIDE), dtype=np.uint16)
    rows, columns = np.mgrid[:CELLS, :CELLS]
    values = np.stack([6 * np.exp(-((rows - 8 - k / 20) ** 2 + (columns - 7) ** 2) / 6) for k in range(SLICES)])
    cell = SIDE / CELLS
    inner = np.diag([cell, cell, 1.0, 1.0])
    inner[:2, 3] = (cell - 1) / 2
    centre = tuple(float(v) for v in affine.to_mm((SLICES // 2, 210, 180)))
    session = Session()
    if views > 1:
        session.layout.arrange(2, views // 2)
    for n, viewport in enumerate(session.layout.viewports):
        volume = Volume(f"v{n}", "volume", stored.shape, affine, "axial", (), Role("t1-hbp", 1.0), modality="MR",
                        frame_of_reference="1.2")
        heatmap = Heatmap(values.astype(np.float16), affine.then(Affine(inner)), volume.id, 6.0)
        mark = Mark("m", (centre[0], centre[1], centre[2]), 0.9, 30.0, volume.id, SLICES // 2, tuple(range(SLICES)))
        reading = Reading("r", "", Reader("system", "hbp-detection"), {}, (), "marks", 0.9, (mark,))
        session.set_result(volume.id, Result(reading, heatmap, "hbp-detection", (Point("default", 0.5),)))
        session.show(volume, viewport)
        viewport.set_pixels(Pixels(stored, np.ones(SLICES), np.zeros(SLICES)))
    return session


def paint(viewport: Viewport, painter: SlicePainter, target: QImage) -> None:
    """The slice and its heat, scaled into the target."""
    image = painter.image(viewport)
    placed = viewport.placement(target.width(), target.height())
    if image is not None:
        onto = QPainter(target)
        onto.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        onto.drawImage(QRectF(placed.left, placed.top, placed.width, placed.height), image)
        onto.end()


def measure(viewport: Viewport, draw: Callable[[], object], frames: int) -> tuple[float, float]:
    """Median of three rounds, CPU and wall milliseconds per frame, each frame another slice."""
    rounds = []
    for _ in range(3):
        cpu, wall = time.process_time(), time.perf_counter()
        for n in range(frames):
            viewport.go_to(n % SLICES)
            draw()
        rounds.append((1000 * (time.process_time() - cpu) / frames, 1000 * (time.perf_counter() - wall) / frames))
    return statistics.median(r[0] for r in rounds), statistics.median(r[1] for r in rounds)


if __name__ == "__main__":
    main()
