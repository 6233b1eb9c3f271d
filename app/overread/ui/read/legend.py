"""Which systems have read what is shown: a row each with its sign, letter and name; a box hides it, a click turns to
it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from overread.ui import theme
from overread.ui.read.layer_style import LayerStyle, draw_shape, ink, style_of
from overread.ui.widgets.parts import button, label
from overread.viewing.layers import Layer
from overread.viewing.session import Session

_TIP = "T: the next one. The table, the strip and the colour over the image are those of the system turned to."


class Legend(QWidget):
    """Emits ``wanted`` with the id of a volume that must be shown to work with a reading of it."""

    wanted = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("legend")
        self.setAccessibleName("Systems that have read this study")
        self._session = session
        self.boxes: dict[str, QCheckBox] = {}
        self.names: dict[str, QPushButton] = {}
        self.words = label("legend-words", quiet=True)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._grid)
        row = QHBoxLayout()
        row.addWidget(self.words, 1)
        column.addLayout(row)
        session.listeners.append(self._changed)
        session.findings.listeners.append(self._changed)
        self._changed("layers")

    def changeEvent(self, event: QEvent) -> None:
        """Another theme or text size: the signs are painted anew."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.PaletteChange):
            for layer in self._session.layers():
                if layer.result.system in self.boxes:
                    self.boxes[layer.result.system].setIcon(_sign(style_of(layer.rank)))

    def _changed(self, what: str) -> None:
        if what not in ("volume", "results", "layers", "scan", "reading"):
            return
        layers = self._session.layers()
        if [layer.result.system for layer in layers] != list(self.boxes):
            self._make(layers)
        for layer in layers:
            self._show(layer)
        self.setVisible(bool(layers))
        others = [layer for layer in layers if not layer.reads_it]
        hint = "In italics: read on other series of this study." if others else ""
        self.words.setText(hint)
        self.words.setVisible(bool(hint))

    def _make(self, layers: list[Layer]) -> None:
        for made in (*self.boxes.values(), *self.names.values()):
            self._grid.removeWidget(made)
            made.hide()
            made.deleteLater()
        self.boxes, self.names = {}, {}
        before: QWidget | None = None
        for row, layer in enumerate(layers):
            system = layer.result.system
            box = QCheckBox(layer.letter)
            box.setObjectName(f"legend-show-{layer.letter}")
            box.setAccessibleName(f"Show the marks of {system}")
            box.setIcon(_sign(style_of(layer.rank)))
            box.setIconSize(QSize(18, 18))
            box.setToolTip(f"Show what {system} marks: {style_of(layer.rank).words}, letter {layer.letter}")
            box.clicked.connect(lambda on, name=system: self._session.show_layer(name, on))
            name = button(f"legend-name-{layer.letter}", system, _TIP, link=True)
            name.setCheckable(True)
            name.setAccessibleName(f"Work with {system}")
            name.clicked.connect(lambda _on, name=system: self._turn_to(name))
            self.boxes[system], self.names[system] = box, name
            self._grid.addWidget(box, row, 0, Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(name, row, 1, Qt.AlignmentFlag.AlignVCenter)
            for widget in (box, name):
                if before is not None:
                    QWidget.setTabOrder(before, widget)
                before = widget

    def _show(self, layer: Layer) -> None:
        box, name = self.boxes[layer.result.system], self.names[layer.result.system]
        box.setChecked(layer.is_shown)
        name.setChecked(layer.is_chosen)
        name.setText(("\u25b8 " if layer.is_chosen else "   ") + layer.result.system)
        font = name.font()
        font.setItalic(not layer.reads_it)
        name.setFont(font)

    def _turn_to(self, system: str) -> None:
        shown = self._session.layout.active.volume
        for layer in self._session.layers():
            if layer.result.system != system:
                continue
            if layer.reads_it and shown is not None:
                self._session.prefer(shown.id, system)
            else:
                self._session.prefer(layer.result.home, system)
                self.wanted.emit(layer.result.home)
            self.names[system].setChecked(True)
        self._changed("layers")


def _sign(style: LayerStyle) -> QIcon:
    """The shape in its colour on black, as it stands on the image."""
    picture = QPixmap(36, 36)
    picture.setDevicePixelRatio(2.0)
    picture.fill(QColor(theme.IMAGE_SURROUND))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink(style), 1.8))
    draw_shape(painter, style, 9.0, 9.0, 4.6)
    painter.end()
    return QIcon(picture)
