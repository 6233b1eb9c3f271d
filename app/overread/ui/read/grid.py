"""The image area: one widget for each viewport of the layout, side by side, or the active one alone."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from overread.ui.read.viewport_widget import ViewportWidget
from overread.ui.settings import Settings
from overread.viewing.session import Session
from overread.viewing.viewport import Viewport

_GAP = 2


class ViewportGrid(QWidget):
    """Follows the layout. Emits ``painted`` after every frame of any view that showed pixels."""

    painted = Signal()

    def __init__(self, session: Session, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("views")
        self._session, self._settings = session, settings
        self._widgets: dict[Viewport, ViewportWidget] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        session.layout.listeners.append(self._layout_changed)
        self._rebuild()

    @property
    def active(self) -> ViewportWidget:
        """The widget of the active viewport."""
        return self._widgets[self._session.layout.active]

    @property
    def widgets(self) -> list[ViewportWidget]:
        """The widgets in the order of the layout, hidden ones too."""
        return [self._widgets[viewport] for viewport in self._session.layout.viewports]

    def focus_active(self) -> None:
        """Give the keys to the active view."""
        self.active.setFocus()

    def view_at(self, point: QPoint) -> ViewportWidget | None:
        """The view under a point of this widget; None between them."""
        return next((w for w in self.widgets if w.isVisibleTo(self) and w.geometry().contains(point)), None)

    def aim(self, target: ViewportWidget | None) -> None:
        """Show into which view a dragged series would fall."""
        for widget in self.widgets:
            if widget.is_target != (widget is target):
                widget.is_target = widget is target
                widget.update()

    def _layout_changed(self, what: str) -> None:
        if what == "layout":
            self._rebuild()
        elif any(widget.hasFocus() for widget in self.widgets):
            self.focus_active()

    def _rebuild(self) -> None:
        layout = self._session.layout
        had_focus = any(widget.hasFocus() for widget in self._widgets.values())
        for gone in [viewport for viewport in self._widgets if viewport not in layout.viewports]:
            widget = self._widgets.pop(gone)
            self._grid.removeWidget(widget)
            widget.release()
            widget.hide()
            widget.deleteLater()
        for n, (viewport, cell) in enumerate(zip(layout.viewports, layout.cells, strict=True)):
            widget = self._widgets.get(viewport) or self._made(viewport)
            widget.setAccessibleName("Image" if layout.is_single else f"Image {n + 1} of {len(layout.viewports)}")
            widget.setObjectName("viewport" if n == 0 else f"viewport-{n + 1}")
            self._grid.removeWidget(widget)
            self._grid.addWidget(widget, cell.row, cell.column, cell.rows, cell.columns)
        self._share_room()
        for viewport in layout.viewports:
            self._widgets[viewport].setVisible(viewport in layout.on_screen)
        self._order_tabs()
        if had_focus:
            self.focus_active()

    def _share_room(self) -> None:
        """Rows and columns of equal size; all of it for the enlarged view, and none for rows that are no more."""
        layout = self._session.layout
        seen = [c for v, c in zip(layout.viewports, layout.cells, strict=True) if v in layout.on_screen]
        for row in range(max(self._grid.rowCount(), 1)):
            self._grid.setRowStretch(row, int(any(c.row <= row < c.row + c.rows for c in seen)))
        for column in range(max(self._grid.columnCount(), 1)):
            self._grid.setColumnStretch(column, int(any(c.column <= column < c.column + c.columns for c in seen)))
        self._grid.setSpacing(0 if layout.is_maximised else _GAP)

    def _order_tabs(self) -> None:
        """Tab goes from view to view in the order of the grid, then on to the panels."""
        for one, other in zip(self.widgets, self.widgets[1:], strict=False):
            QWidget.setTabOrder(one, other)

    def _made(self, viewport: Viewport) -> ViewportWidget:
        widget = ViewportWidget(viewport, self._session, self._settings, self)
        widget.painted.connect(self.painted)
        widget.doubled.connect(self._session.layout.toggle_maximised)
        self._widgets[viewport] = widget
        return widget
