"""A contact sheet on the screen: tiles in rows that fill the width, each with its caption; a click enlarges one."""

from __future__ import annotations

import functools
import math
import time

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextOption,
)
from PySide6.QtWidgets import QWidget

from overread.phantom.gallery_tiles import Mark, Tile, outlines
from overread.ui import theme
from overread.viewing.gallery import Gallery

NARROWEST_PX, MOST_COLUMNS, GAP_PX = 240, 5, 10
PAINT_S = 0.016
"""After so long no more pictures are made in one turn of painting; the rest follow in the next."""


class SheetView(QWidget):
    """Draws the sheet of a gallery; its height follows from its width."""

    def __init__(self, gallery: Gallery, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gallery-sheet")
        self.setAccessibleName("Contact sheet")
        self.setToolTip("Click a picture to enlarge it; then Left and Right go on, Escape goes back")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.enlarged: int | None = None
        self._gallery = gallery
        self._room = self.size()
        self._places: list[QRect] = []
        self._images: dict[tuple[int, int, int, bool], QImage] = {}
        gallery.listeners.append(self._changed)

    def set_room(self, width: int, height: int) -> None:
        """The part of it that can be seen without scrolling, in points."""
        self._room.setWidth(width)
        self._room.setHeight(height)
        self._arrange()

    def enlarge(self, number: int | None) -> None:
        """Show one tile as large as there is room; None for all."""
        self.enlarged = number
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the tiles that lie in the region."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.IMAGE_SURROUND))
        sheet = self._gallery.sheet
        if sheet is None:
            return
        until = time.perf_counter() + PAINT_S
        has_more = False
        for number, (tile, place) in enumerate(zip(sheet.tiles, self._places, strict=True)):
            if place.isValid() and place.intersects(event.rect()):
                picture = QRect(place.topLeft(), _picture_size(tile, place.width()))
                image = self._image(number, tile, sheet.marks, picture, is_late=time.perf_counter() > until)
                if image is not None:
                    painter.drawImage(picture, image)
                has_more |= image is None
                self._caption(painter, tile, place.adjusted(0, place.height() - self._caption_px(place.width()), 0, 0))
        if has_more:
            self.update()
        if self.hasFocus():
            painter.setPen(QColor(theme.IMAGE_ACCENT))
            painter.drawRect(self.visibleRegion().boundingRect().adjusted(0, 0, -1, -1))

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Lay the tiles out anew."""
        self._arrange()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Enlarge the tile under the pointer, or go back to all."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.enlarge(self.tile_at(event.position().toPoint()) if self.enlarged is None else None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter enlarges the first tile or goes back; Left and Right go on while one is enlarged, Escape goes back."""
        count = len(self._places)
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if count and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarge(0 if self.enlarged is None else None)
        elif self.enlarged is not None and step:
            self.enlarge((self.enlarged + step) % count)
        elif self.enlarged is not None and event.key() == Qt.Key.Key_Escape:
            self.enlarge(None)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Another font needs other room for captions."""
        if event.type() == QEvent.Type.FontChange:
            self._arrange()
        super().changeEvent(event)

    def tile_at(self, point: QPoint) -> int | None:
        """Number of the tile at a point."""
        return next((n for n, place in enumerate(self._places) if place.contains(point)), None)

    def _changed(self, what: str) -> None:
        if what == "sheet":
            self.enlarged = None
            self._images.clear()
            sheet = self._gallery.sheet
            self.setAccessibleDescription(
                "; ".join(f"{t.role}, {t.caption}" for t in sheet.tiles) if sheet is not None else "")
            self._arrange()
        elif what == "outlines":
            self.update()

    def _arrange(self) -> None:
        """Place the tiles: as many columns as leave them wide enough to read."""
        sheet = self._gallery.sheet
        width = max(self._room.width(), NARROWEST_PX)
        self._places = []
        bottom = 0
        if sheet is not None and self.enlarged is not None:
            self._places = [QRect() for _ in sheet.tiles]
            tile = sheet.tiles[self.enlarged]
            share = tile.grey.shape[1] / tile.grey.shape[0]
            high = max(self._room.height() - self._caption_px(width) - GAP_PX, 1)
            wide = int(min(width - 2 * GAP_PX, high * share))
            tall = _picture_size(tile, wide).height() + self._caption_px(wide)
            self._places[self.enlarged] = QRect((width - wide) // 2, GAP_PX // 2, wide, tall)
        elif sheet is not None:
            rows = sheet.rows(min(max((width - GAP_PX) // (NARROWEST_PX + GAP_PX), 1), MOST_COLUMNS))
            wide = (width - GAP_PX) // max(len(row) for row in rows) - GAP_PX
            bottom = GAP_PX
            for row in rows:
                tall = max(_picture_size(tile, wide).height() for tile in row) + self._caption_px(wide)
                self._places += [QRect(GAP_PX + n * (wide + GAP_PX), bottom, wide, tall) for n in range(len(row))]
                bottom += tall + GAP_PX
        self.setMinimumHeight(bottom)
        self.update()

    def _caption_px(self, width: int) -> int:
        """Role and slice on a line, then as many for the description as the longest of them needs."""
        metrics = QFontMetrics(self.font())
        sheet = self._gallery.sheet
        longest = max((metrics.horizontalAdvance(tile.description) for tile in sheet.tiles), default=0) if sheet else 0
        return (1 + max(1, math.ceil(1.15 * longest / width))) * metrics.lineSpacing() + 6

    def _caption(self, painter: QPainter, tile: Tile, place: QRect) -> None:
        line = QFontMetrics(self.font()).lineSpacing()
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        painter.setPen(QColor(theme.IMAGE_TEXT))
        painter.drawText(QRectF(place.x(), place.y() + 3, place.width(), line), f"{tile.role}   {tile.caption}", option)
        painter.setPen(QColor(theme.IMAGE_QUIET))
        if _can_write(tile.description):
            painter.drawText(QRectF(place.x(), place.y() + 3 + line, place.width(), place.height() - 3 - line),
                             tile.description, option)

    def _image(self, number: int, tile: Tile, marks: tuple[Mark, ...], place: QRect, is_late: bool) -> QImage | None:
        """The picture in device pixels, outlines one of them wide; None where there is no time left to make it."""
        ratio = self.devicePixelRatioF()
        columns, rows = round(place.width() * ratio), round(place.height() * ratio)
        has_outlines = self._gallery.has_outlines
        key = number, columns, rows, has_outlines
        if key not in self._images:
            if is_late:
                return None
            height, width = tile.grey.shape
            grey = np.ascontiguousarray(tile.grey)
            image = QImage(grey.data, width, height, width, QImage.Format.Format_Grayscale8).scaled(
                columns, rows, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            ).convertToFormat(QImage.Format.Format_RGB32)
            if has_outlines:
                pixels = np.frombuffer(image.bits(), dtype=np.uint8).reshape(rows, -1, 4)[:, :columns]
                for edge, colour in outlines(tile, marks, (rows, columns)):
                    pixels[edge, :3] = colour[::-1]
            self._images[key] = image
        return self._images[key]


def _picture_size(tile: Tile, width: int) -> QSize:
    """A tile in its own proportions at a width."""
    rows, columns = tile.grey.shape
    return QSize(width, max(round(width * rows / columns), 1))


@functools.cache
def _can_write(text: str) -> bool:
    """Whether this computer has fonts for the scripts in a text; boxes in place of letters help nobody."""
    scripts = QFontDatabase.WritingSystem
    wanted = set()
    for letter in text:
        if "\uac00" <= letter <= "\ud7af":
            wanted.add(scripts.Korean)
        elif "\u3040" <= letter <= "\u30ff":
            wanted.add(scripts.Japanese)
        elif "\u2e80" <= letter <= "\u9fff":
            wanted.add(scripts.SimplifiedChinese)
    return all(QFontDatabase.families(script) for script in wanted)
