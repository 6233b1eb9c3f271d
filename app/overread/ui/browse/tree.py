"""The study tree: a row per stack with its picture, role, size and warnings. It never selects or scrolls by
itself."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QMimeData, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QImage, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from overread.core.study import Scan, Series, Study, Volume
from overread.ui import theme
from overread.ui.browse.thumbnails import SIDE
from overread.ui.picture import switched
from overread.viewing.corner import apart_words, date_words, role_words, series_words, size_words, volume_title

ID, PICTURE, LINES, WARNINGS, STATE, IS_SHOWN, BLINDED_LINES = (Qt.ItemDataRole.UserRole + n for n in range(7))
_Index = QModelIndex | QPersistentModelIndex


_DRAGGED = "application/x-overread-volume"


def dragged_volume(data: QMimeData) -> str | None:
    """The id of the volume whose row is dragged; None when something else is."""
    return bytes(data.data(_DRAGGED).data()).decode() if data.hasFormat(_DRAGGED) else None


class StudyTree(QTreeWidget):
    """Emits ``chosen`` with the id of a volume: on click, or on Enter."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("study-tree")
        self.setAccessibleName("Studies and series")
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setAutoScroll(False)
        self.setVerticalScrollMode(QTreeWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_RowPainter(self))
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QTreeWidget.DragDropMode.DragOnly)
        self._studies: dict[str, QTreeWidgetItem] = {}
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._pictures: dict[str, QImage] = {}
        self._shown: str | None = None
        self.is_blinded = False
        self.itemClicked.connect(self._choose)

    def set_scan(self, scan: Scan | None) -> None:
        """Show what was found. Rows that stay keep their place, picture and selection."""
        wanted: dict[str, tuple[Study, Series, Volume]] = {}
        for study in scan.studies if scan is not None else ():
            for series in study.series:
                for volume in series.volumes:
                    wanted[volume.id] = (study, series, volume)
        for gone in [volume_id for volume_id in self._rows if volume_id not in wanted]:
            _detach(self._rows.pop(gone))
        order: dict[str, int] = {}
        for volume_id, (study, series, volume) in wanted.items():
            parent = self._study_item(study)
            at = order.get(_study_key(study), 0)
            order[_study_key(study)] = at + 1
            self._place(parent, at, volume_id, series, volume)
        for key in [k for k, item in self._studies.items() if item.childCount() == 0]:
            self.takeTopLevelItem(self.indexOfTopLevelItem(self._studies.pop(key)))

    def set_picture(self, volume_id: str, picture: QImage) -> None:
        """Give a row its thumbnail."""
        self._pictures[volume_id] = picture
        if volume_id in self._rows:
            self._rows[volume_id].setData(0, PICTURE, picture)

    def lacks_picture(self, volume_id: str) -> bool:
        """Whether a row still waits for its thumbnail."""
        return volume_id not in self._pictures

    def set_state(self, volume_id: str, words: str) -> None:
        """Say below a row what a system does with it: waiting, 40 %, done, refused."""
        if volume_id in self._rows:
            self._rows[volume_id].setData(0, STATE, words)

    def set_shown(self, volume_id: str | None) -> None:
        """Mark the row whose volume is on the screen."""
        for row_id in (self._shown, volume_id):
            if row_id is not None and row_id in self._rows:
                self._rows[row_id].setData(0, IS_SHOWN, row_id == volume_id)
        self._shown = volume_id

    def forget(self) -> None:
        """Empty the tree, before other paths are opened."""
        self.clear()
        self._studies, self._rows, self._pictures, self._shown = {}, {}, {}, None

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:
        """What a dragged row carries: the id of its volume, for a view to show."""
        data = QMimeData()
        volume_id = items[0].data(0, ID) if items else None
        if volume_id:
            data.setData(_DRAGGED, QByteArray(str(volume_id).encode()))
        return data

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows the row under the focus."""
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self._choose(item)
        else:
            super().keyPressEvent(event)

    def blinded(self) -> contextlib.AbstractContextManager[None]:
        """While this lasts rows are painted for a picture that is given away: no text or date of the files."""
        return switched(self, "is_blinded")

    def row_ids(self) -> list[str]:
        """Ids of the volumes, in the order shown."""
        studies = [self.topLevelItem(n) for n in range(self.topLevelItemCount())]
        rows = [study.child(n) for study in studies if study is not None for n in range(study.childCount())]
        return [str(row.data(0, ID)) for row in rows if row is not None]

    def item_of(self, volume_id: str) -> QTreeWidgetItem | None:
        """The row of a volume."""
        return self._rows.get(volume_id)

    def _choose(self, item: QTreeWidgetItem, _column: int = 0) -> None:
        volume_id = item.data(0, ID)
        if volume_id:
            self.chosen.emit(str(volume_id))

    def _study_item(self, study: Study) -> QTreeWidgetItem:
        key = _study_key(study)
        if key not in self._studies:
            item = QTreeWidgetItem(self)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setExpanded(True)
            self._studies[key] = item
        self._studies[key].setData(0, LINES, _study_lines(study))
        self._studies[key].setData(0, BLINDED_LINES, ("Study", _stacks_words(study)))
        self._studies[key].setText(0, " ".join(_study_lines(study)))
        self._studies[key].setToolTip(0, "\n".join(_study_lines(study)))
        return self._studies[key]

    def _place(self, parent: QTreeWidgetItem, at: int, volume_id: str, series: Series,
               volume: Volume) -> None:
        item = self._rows.get(volume_id)
        if item is None or item.parent() is not parent or parent.indexOfChild(item) != at:
            if item is not None:
                _detach(item)
            item = item or QTreeWidgetItem()
            parent.insertChild(at, item)
            self._rows[volume_id] = item
        lines = (volume_title(series, volume), _detail(volume))
        if item.data(0, LINES) == lines and item.data(0, WARNINGS) == len(volume.warnings):
            return
        item.setData(0, ID, volume_id)
        item.setData(0, LINES, lines)
        item.setData(0, BLINDED_LINES, (series_words(series), _detail(volume, blinded=True)))
        item.setData(0, WARNINGS, len(volume.warnings))
        item.setData(0, IS_SHOWN, volume_id == self._shown)
        item.setText(0, ", ".join(filter(None, lines)))
        item.setToolTip(0, _tip(series, volume))
        if volume_id in self._pictures:
            item.setData(0, PICTURE, self._pictures[volume_id])


class _RowPainter(QStyledItemDelegate):
    """Draws a study as a heading and a volume as picture, two lines and a state."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        line = option.fontMetrics.height()
        if index.data(ID) is None:
            return QSize(120, round(line * 2.6))
        return QSize(120, max(SIDE + 14, line * 3 + 18))

    def _lines(self, index: _Index) -> tuple[str, str]:
        tree = self.parent()
        is_blinded = isinstance(tree, StudyTree) and tree.is_blinded
        lines: tuple[str, str] = index.data(BLINDED_LINES if is_blinded else LINES) or ("", "")
        return lines

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if index.data(ID) is None:
            self._paint_study(painter, option, self._lines(index))
        else:
            self._paint_volume(painter, option, index)
        painter.restore()

    def _paint_study(self, painter: QPainter, option: QStyleOptionViewItem, lines: tuple[str, str]) -> None:
        area = option.rect.adjusted(12, 6, -10, -4)
        half = area.height() // 2
        painter.setFont(theme.scaled_font(option.font, 1.0, bold=True))
        _line(painter, QRect(area.left(), area.top(), area.width(), half), lines[0], theme.TEXT)
        painter.setFont(theme.scaled_font(option.font, 0.92))
        _line(painter, QRect(area.left(), area.top() + half, area.width(), half), lines[1], theme.QUIET)

    def _paint_volume(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        area = option.rect.adjusted(6, 2, -6, -2)
        held = option.state
        is_shown = bool(index.data(IS_SHOWN))
        if is_shown or held & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.ACCENT_DARK if is_shown else theme.RAISED))
            painter.drawRoundedRect(area, 6, 6)
        if held & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(theme.ACCENT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        frame = QRect(area.left() + 5, area.top() + (area.height() - SIDE) // 2, SIDE, SIDE)
        _draw_picture(painter, frame, index.data(PICTURE))
        lines = self._lines(index)
        left, wide = frame.right() + 11, area.right() - frame.right() - 18
        metrics = option.fontMetrics
        line, top = metrics.height(), area.top() + (area.height() - 3 * metrics.height() - 4) // 2
        warnings = int(index.data(WARNINGS) or 0)
        room = wide - (_warning_width(metrics, warnings) if warnings else 0)
        painter.setFont(option.font)
        _line(painter, QRect(left, top, room, line), lines[0], "#ffffff" if is_shown else theme.TEXT)
        if warnings:
            _draw_warning(painter, area.right() - 8, top, metrics, warnings)
        painter.setFont(theme.scaled_font(option.font, 0.92))
        parts = lines[1].split("\n")
        quiet = "#d5e6e9" if is_shown else theme.QUIET
        state = index.data(STATE) or ""  # in place of the size, which the tool tip has too; never of the role
        colour = theme.ACCENT if state and not is_shown else quiet
        role = parts[1] if len(parts) > 1 else ""
        _line(painter, QRect(left, top + line + 2, wide, line), state or parts[0], colour)
        _line(painter, QRect(left, top + 2 * line + 4, wide, line), role or (parts[0] if state else ""), quiet)


def _detach(item: QTreeWidgetItem) -> None:
    parent = item.parent()
    if parent is not None:
        parent.removeChild(item)


def _line(painter: QPainter, area: QRect, text: str, colour: str) -> None:
    painter.setPen(QColor(colour))
    fitted = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, fitted)


def _draw_picture(painter: QPainter, frame: QRect, picture: QImage | None) -> None:
    painter.fillRect(frame, QColor("#000000"))
    if picture is not None:
        scale = SIDE / max(picture.width(), picture.height())
        wide, high = picture.width() * scale, picture.height() * scale
        left, top = frame.left() + (SIDE - wide) / 2, frame.top() + (SIDE - high) / 2
        painter.drawImage(QRectF(left, top, wide, high), picture)


def _warning_width(metrics: QFontMetrics, count: int) -> int:
    return metrics.horizontalAdvance(f"⚠ {count}") + 12


def _draw_warning(painter: QPainter, right: int, top: int, metrics: QFontMetrics, count: int) -> None:
    """A triangle with an exclamation mark and the number of warnings."""
    words, side = str(count), metrics.ascent() - 1
    left = right - metrics.horizontalAdvance(words) - side - 4
    area = QRectF(left, top + (metrics.height() - side) / 2, side, side)
    theme.icon("warning", theme.WARNING).paint(painter, area.toRect())
    painter.setPen(QColor(theme.WARNING))
    painter.drawText(QRect(round(area.right()) + 4, top, 40, metrics.height()),
                     Qt.AlignmentFlag.AlignVCenter, words)


def _study_key(study: Study) -> str:
    return study.study_uid or f"{study.date}|{study.description}"


def _study_lines(study: Study) -> tuple[str, str]:
    return study.description or "Study", "   ".join(filter(None, (date_words(study.date), _stacks_words(study))))


def _stacks_words(study: Study) -> str:
    count = len(list(study.volumes()))
    return f"{count} stack{'s' if count != 1 else ''}"


def _detail(volume: Volume, blinded: bool = False) -> str:
    modality = volume.modality if not blinded or volume.modality in ("CT", "MR") else ""
    size = " ".join(filter(None, (modality, "·" if modality else "", size_words(volume))))
    third = ", ".join(filter(None, (role_words(volume), *(() if blinded else apart_words(volume)))))
    return f"{size}\n{third}"


def _tip(series: Series, volume: Volume) -> str:
    rows, columns = volume.shape[1:]
    evidence = f" ({'; '.join(volume.role.evidence)})" if volume.role.evidence else ""
    lines = [volume_title(series, volume),
             f"{volume.frames} slices of {columns} × {rows}, {volume.orientation}",
             f"Role: {volume.role.label}{evidence}"]
    if volume.split_by:
        lines.append(f"Told from other stacks of its series by {', '.join(volume.split_by)}")
    lines += [f"Warning: {warning.text}" for warning in volume.warnings]
    return "\n".join(lines)
