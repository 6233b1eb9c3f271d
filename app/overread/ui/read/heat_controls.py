"""Opacity and threshold of the heatmap, and the switch that shows it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QSlider, QVBoxLayout, QWidget

from overread.ui.widgets.parts import label
from overread.viewing.overlay import Overlay


class HeatControls(QWidget):
    """Sliders that follow the overlay's state, and change it."""

    def __init__(self, overlay: Overlay, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("heat-controls")
        self._overlay = overlay
        self.shown = QCheckBox("Show overlay (W, or hold H to hide)")
        self.shown.setObjectName("heat-shown")
        self.shown.setAccessibleName("Show overlay")
        self.shown.clicked.connect(self._toggle)
        self.opacity, self.opacity_words = self._slider("heat-opacity", "Opacity of the heatmap")
        self.threshold, self.threshold_words = self._slider(
            "heat-threshold", "Activation from which the heatmap is drawn")
        self.opacity.valueChanged.connect(lambda value: self._overlay.set_opacity(value / 100))
        self.threshold.valueChanged.connect(lambda value: self._overlay.set_threshold(value / 100))
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.addWidget(label("heat-opacity-label", "Opacity", wrap=False), 0, 0)
        grid.addWidget(self.opacity, 0, 1)
        grid.addWidget(self.opacity_words, 0, 2)
        grid.addWidget(label("heat-threshold-label", "Show from", wrap=False), 1, 0)
        grid.addWidget(self.threshold, 1, 1)
        grid.addWidget(self.threshold_words, 1, 2)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.shown)
        column.addLayout(grid)
        self.called = label("heat-called", quiet=True)
        column.addWidget(self.called)
        overlay.listeners.append(self.refresh)
        self.refresh("heatmap")

    def follow(self, overlay: Overlay) -> None:
        """Show another overlay from here on: that of the active viewport."""
        self._overlay.listeners.remove(self.refresh)
        self._overlay = overlay
        overlay.listeners.append(self.refresh)
        self.refresh("heatmap")

    def refresh(self, _what: str) -> None:
        """Show the overlay's state."""
        overlay = self._overlay
        for slider, value in ((self.opacity, overlay.opacity), (self.threshold, overlay.threshold)):
            slider.blockSignals(True)
            slider.setValue(round(value * 100))
            slider.blockSignals(False)
            slider.setEnabled(overlay.heatmap is not None)
        self.shown.setEnabled(overlay.heatmap is not None)
        self.shown.setChecked(overlay.heatmap is not None and overlay.shown)
        self.opacity_words.setText(f"{overlay.opacity * 100:.0f} %")
        self.threshold_words.setText(f"{overlay.threshold * 100:.0f} %")
        self.called.setText(_called_words(overlay))

    def _toggle(self) -> None:
        self._overlay.toggle()

    def _slider(self, name: str, accessible: str) -> tuple[QSlider, QLabel]:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName(name)
        slider.setAccessibleName(accessible)
        slider.setToolTip(accessible)
        slider.setRange(0, 100)
        words = label(f"{name}-value", quiet=True, wrap=False)
        words.setMinimumWidth(words.fontMetrics().horizontalAdvance("100 %"))
        words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return slider, words


def _called_words(overlay: Overlay) -> str:
    """On which slices there is colour, in a sentence."""
    if overlay.heatmap is None:
        return "There is no map of this series to show."
    slices = int(overlay.heatmap.values.shape[0])
    if overlay.called is None:
        return f"Colour on all {slices} slices, on one fixed scale."
    return (f"Colour on {len(overlay.called)} of {slices} slices, those whose score reaches the operating point; "
            "one fixed scale.")
