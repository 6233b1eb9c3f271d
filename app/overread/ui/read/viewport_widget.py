"""Draws a ``Viewport`` and turns wheel, drags and moves into its changes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from overread.ui import theme
from overread.ui.read import annotations as draw
from overread.ui.read.circle_pencil import CirclePencil
from overread.ui.read.drawn import DrawnMeasure, draw_hint, draw_measures, draw_own_marks
from overread.ui.read.layers_drawn import draw_found, draw_regions
from overread.ui.read.painter import SlicePainter
from overread.ui.read.pencil import CLICK, Pencil
from overread.ui.read.view_words import draw_frame, draw_words, is_small, letter_font
from overread.ui.settings import DRAGS, Settings
from overread.viewing.measure import TOOL_HINTS
from overread.viewing.overlay import OPACITY_STEP
from overread.viewing.placement import Placement
from overread.viewing.region_values import RegionValues
from overread.viewing.scroll import FAST, WheelCounter, dragged_slices
from overread.viewing.second_reading import CALL_SIGNS
from overread.viewing.session import Session
from overread.viewing.viewport import Viewport
from overread.viewing.window_level import Window

ZOOM_STEP = 1.2
_FINE, _COARSE = 0.25, 3.0
_EMPTY = "Nothing is shown here.\nDrag a series into this view, or click one in the list."


class ViewportWidget(QWidget):
    """One image area. Emits ``painted`` after every frame that showed pixels, ``doubled`` on a double click."""

    painted = Signal()
    doubled = Signal()

    def __init__(self, viewport: Viewport, session: Session, settings: Settings,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("viewport")
        self.setAccessibleName("Image")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(150, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.viewport, self._session, self._settings = viewport, session, settings
        self._measuring, self._second = session.measuring, session.second
        self._values = RegionValues()
        circles = CirclePencil(viewport, session.regions, self._placed)
        self._pencil = Pencil(viewport, session.measuring, session.second, self._placed, circles)
        self._painter = SlicePainter()
        self._wheel = WheelCounter()
        self._cursor: tuple[int, int] | None = None
        self._drag: str | None = None
        self._pressed = QPointF()
        self._has_moved = False
        self._slice_at_press = 0
        self._window_at_press: Window | None = None
        self._space = False
        self._blinded = False
        self.is_target = False
        self.frames_painted = 0
        self.drawn: list[DrawnMeasure] = []
        self._states = (viewport, viewport.overlay, session, session.findings, session.measuring, session.second,
                        session.linking, session.layout, session.regions)  # fmt: skip
        for state in self._states:
            state.listeners.append(self._changed)
        session.layout.watchers.append(self._other_changed)

    @property
    def is_active(self) -> bool:
        """Whether keys and panels speak to this view."""
        return self._session.layout.active is self.viewport

    def release(self) -> None:
        """Hear no more: the view has gone from the layout."""
        for state in self._states:
            state.listeners.remove(self._changed)
        self._session.layout.watchers.remove(self._other_changed)

    def _changed(self, what: str) -> None:
        if what == "volume":
            self._cursor = None
        if what in ("volume", "slice"):
            self._pencil.drop()
        if what == "tool":
            self._show_cursor()
        self.update()

    def _other_changed(self, viewport: Viewport, what: str) -> None:
        """Lines and signs here depend on where the other views are."""
        if viewport is not self.viewport and what in ("slice", "volume"):
            self.update()

    def blinded_picture(self) -> QImage:
        """The image area as it stands, with nothing on it that could name a patient: no text of the file, no date.

        Letters, scale, window, slice, the overlay and what was drawn are on it; the pointer's value is not.
        """
        picture = QImage(self.size() * self.devicePixelRatio(), QImage.Format.Format_RGB32)
        picture.setDevicePixelRatio(self.devicePixelRatio())
        with self.blinded():
            self.render(picture)
        return picture

    @contextlib.contextmanager
    def blinded(self) -> Iterator[None]:
        """While this lasts the image area is painted for a picture that is given away."""
        self._blinded, cursor, self._cursor = True, self._cursor, None
        try:
            yield
        finally:
            self._blinded, self._cursor = False, cursor
            self.update()

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the newest state, once, however many changes came before."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.IMAGE_SURROUND))
        viewport = self.viewport
        if viewport.volume is None:
            self._draw_empty(painter)
            painter.end()
            return
        image = self._painter.image(viewport)
        placed = viewport.placement(self.width(), self.height())
        if image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(placed.left, placed.top, placed.width, placed.height), image)
        if viewport.lack:
            painter.setPen(QColor(theme.IMAGE_TEXT))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, viewport.lack)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_over(painter)
        painter.end()
        if image is not None and not self._blinded:
            self.frames_painted += 1
            self.painted.emit()

    def _draw_empty(self, painter: QPainter) -> None:
        if not self._session.layout.is_single:
            painter.setPen(QColor(theme.IMAGE_QUIET))
            painter.drawText(self.rect().adjusted(8, 8, -8, -8),
                             Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, _EMPTY)  # fmt: skip
        self._draw_frame(painter)

    def _draw_over(self, painter: QPainter) -> None:
        viewport, wide, high = self.viewport, self.width(), self.height()
        placed, linking = viewport.placement(wide, high), self._session.linking
        small = self._is_small()
        font = theme.scaled_font(self.font(), 0.9 if small else 0.95)
        painter.setFont(font)
        overlay = viewport.overlay
        if overlay.is_visible:
            draw.draw_contour(painter, placed, viewport)
        draw.draw_lines(painter, placed, linking.lines_in(viewport), self._session.layout.active)
        if overlay.shown and not overlay.held:
            bold = theme.scaled_font(self.font(), 1.2, bold=True)
            draw_found(painter, placed, viewport, self._session.found_in(viewport), bold, self._signs())
        self.drawn = []
        if not overlay.held:
            draw_regions(painter, placed, viewport, self._session.regions.circles_in(viewport), font)
            marks = self._second.drawn_marks(viewport)
            draw_own_marks(painter, marks, placed, theme.scaled_font(self.font(), 1.2, bold=True))
            painter.setFont(font)
            self.drawn = draw_measures(painter, viewport, self._measuring, self._values, placed, (wide, high), marks)
        draw.draw_cursor(painter, placed, linking.cursor_in(viewport))
        if viewport.text != "none" or self._blinded:
            draw.draw_letters(painter, wide, high, viewport.letters, letter_font(self.font(), small))
            spacing = viewport.spacing_mm
            if spacing is not None:
                draw.draw_scale_bar(painter, wide, high, placed.column_width / spacing[1])
        painter.setFont(font)
        draw_words(painter, viewport, self._session, size=QSizeF(self.size()), font=self.font(), small=small,
                   cursor=self._cursor, blinded=self._blinded)  # fmt: skip
        if self._measuring.tool is not None and self.is_active and not self._blinded:
            draw_hint(painter, TOOL_HINTS[self._measuring.tool], wide)
        self._draw_frame(painter)

    def _draw_frame(self, painter: QPainter) -> None:
        """Which view is active, and whether it has the keys: by the width of the frame, not by colour alone."""
        is_single, has_focus = self._session.layout.is_single, self.hasFocus() and not self._blinded
        if has_focus or self.is_target or (self.is_active and not is_single):
            width = 1 if is_single else 3 if has_focus or self.is_target else 2
            draw_frame(painter, QRectF(self.rect()), width=width, dashed=self.is_target)

    def _is_small(self) -> bool:
        return not self._session.layout.is_single and is_small(QSizeF(self.size()), self.font())

    # Wheel and mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Slices; with Ctrl zoom, with Shift five slices, with Alt the opacity of the overlay."""
        angle = event.angleDelta().y() or event.angleDelta().x()
        notches = self._wheel.notches(angle)
        held = event.modifiers()
        if notches == 0:
            pass
        elif held & Qt.KeyboardModifier.ControlModifier:
            at = event.position()
            self.viewport.zoom_at(ZOOM_STEP ** -notches, (at.x(), at.y()), self._size())
        elif held & Qt.KeyboardModifier.AltModifier:
            self.viewport.overlay.set_opacity(self.viewport.overlay.opacity - notches * OPACITY_STEP / 2)
        else:
            self.viewport.scroll(notches * (FAST if held & Qt.KeyboardModifier.ShiftModifier else 1))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag; a tool, or an end of something drawn, goes before the profile's drag."""
        self._session.layout.activate(self.viewport)
        at = event.position()
        is_left = event.button() == Qt.MouseButton.LeftButton and not self._space
        self._drag = "pencil" if is_left and self._pencil.press(at.x(), at.y()) else self._drag_of(event)
        self._pressed, self._has_moved = at, False
        self._slice_at_press, self._window_at_press = self.viewport.slice, self.viewport.window
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with the drag, or follow the cursor."""
        if self._drag in (None, "pencil"):
            if self.is_active:
                self._pencil.move(event.position().x(), event.position().y())
            self._follow(event.position())
            shared = self._drag is None and event.modifiers() == Qt.KeyboardModifier.ShiftModifier
            self._share_cursor(event.position() if shared else None)
            return
        self._has_moved = self._has_moved or (event.position() - self._pressed).manhattanLength() >= CLICK
        if not self._has_moved:
            return
        right, down = event.position().x() - self._pressed.x(), event.position().y() - self._pressed.y()
        if self._drag == "scroll":
            moved = dragged_slices(down, self.viewport.frames, self.height())
            self.viewport.go_to(self._slice_at_press + moved)
        elif self._drag == "window" and self._window_at_press is not None:
            self.viewport.set_window(self._window_at_press.dragged(right, -down, _speed(event)))
        elif self._drag == "pan":
            self.viewport.pan(right, down, self._size())
            self._pressed = event.position()
        elif self._drag == "zoom":
            self.viewport.zoom_at(1.01 ** -down, (self.width() / 2, self.height() / 2), self._size())
            self._pressed = event.position()
        self._follow(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag; a press and release on one spot chooses what lies there."""
        at, drag = event.position(), self._drag
        self._drag = None
        if drag == "pencil":
            self._pencil.release(at.x(), at.y())
        elif event.button() == Qt.MouseButton.LeftButton and not self._has_moved and drag in ("scroll", "window"):
            self._pencil.click(at.x(), at.y())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Let this view fill the room of all, or show all again; with a tool in hand it is a press like another."""
        if event.button() == Qt.MouseButton.LeftButton and self._measuring.tool is None and not self._space:
            event.accept()
            self.doubled.emit()
        else:
            self.mousePressEvent(event)

    def event(self, event: QEvent) -> bool:
        """The tool tip says why a view does not go with the others."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            reason = self._session.linking.reason(self.viewport)
            QToolTip.showText(event.globalPos(), reason, self) if reason else QToolTip.hideText()
            return True
        return super().event(event)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Views that go together compare what part of the body they show."""
        self.viewport.size = self._size()

    def leaveEvent(self, _event: QEvent) -> None:
        """No value without a cursor."""
        self._share_cursor(None)
        self._cursor = None
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the value at once."""
        self._follow(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space held makes the left button pan."""
        if event.key() == Qt.Key.Key_Space:
            self._space = True
            self._show_cursor()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Space is free again."""
        if event.key() == Qt.Key.Key_Shift:
            self._share_cursor(None)
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._show_cursor()
        else:
            super().keyReleaseEvent(event)

    def focusInEvent(self, _event: QFocusEvent) -> None:
        """Tab has come to this view: it is the active one from here on."""
        self._session.layout.activate(self.viewport)
        self.update()

    def focusOutEvent(self, _event: QFocusEvent) -> None:
        """Forget held keys; hide the focus frame."""
        self._space = False
        self._show_cursor()
        self.update()

    def _drag_of(self, event: QMouseEvent) -> str | None:
        button = event.button()
        if button == Qt.MouseButton.MiddleButton:
            return "zoom" if event.modifiers() & Qt.KeyboardModifier.ControlModifier else "pan"
        if button == Qt.MouseButton.LeftButton and self._space:
            return "pan"
        if button == Qt.MouseButton.LeftButton:
            return DRAGS[self._settings.mouse][0]
        if button == Qt.MouseButton.RightButton:
            return DRAGS[self._settings.mouse][1]
        return None

    def _follow(self, position: QPointF) -> None:
        placed = self.viewport.placement(self.width(), self.height())
        cursor = placed.pixel_at(position.x(), position.y()) if self.viewport.volume is not None else None
        self._show_cursor(position)
        if cursor != self._cursor:
            self._cursor = cursor
            self.update()

    def _show_cursor(self, position: QPointF | None = None) -> None:
        over = position is not None and self._pencil.is_over_handle(position.x(), position.y())
        if self._space:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        elif over:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        elif self._measuring.tool is not None:
            self.setCursor(Qt.CursorShape.CrossCursor)
        else:
            self.unsetCursor()

    def _share_cursor(self, position: QPointF | None) -> None:
        """Show the place under the pointer in the other views, or no longer."""
        linking = self._session.linking
        if position is None:
            if linking.cursor_of is self.viewport:
                linking.point(self.viewport, None)
            return
        placed = self._placed()
        row, column = placed.to_image(position.x(), position.y())
        if 0 <= round(row) < placed.rows and 0 <= round(column) < placed.columns:
            linking.point(self.viewport, self.viewport.patient_point(row, column))

    def _signs(self) -> dict[int, str]:
        """The reader's verdict beside the number of a candidate of the panel: a sign, not a colour alone."""
        signs = {}
        for candidate in self._session.findings.candidates():
            verdict = self._second.verdict_of(candidate)
            if verdict is not None and verdict.call is not None:
                signs[candidate.number] = CALL_SIGNS[verdict.call]
        return signs

    def _placed(self) -> Placement:
        return self.viewport.placement(self.width(), self.height())

    def _size(self) -> tuple[float, float]:
        return float(self.width()), float(self.height())

    def cursor_pixel(self) -> tuple[int, int] | None:
        """The shown pixel under the cursor."""
        return self._cursor

    def point_of(self, row: float, column: float) -> QPoint:
        """Widget point of a shown pixel."""
        x, y = self.viewport.placement(self.width(), self.height()).to_widget(row, column)
        return QPoint(round(x), round(y))


def _speed(event: QMouseEvent) -> float:
    if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
        return _FINE
    return _COARSE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
