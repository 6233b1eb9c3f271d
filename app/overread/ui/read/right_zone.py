"""The right zone: what systems found, and the second read, behind two tabs of one bar."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from overread.ui.widgets.parts import panel

SYSTEM, SECOND_READ = 0, 1


class RightZone(QFrame):
    """Holds both panels; keys and listeners work whichever is in front."""

    def __init__(self, system: QWidget, second_read: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("right-zone")
        surface = panel("right-zone-surface", "System and second read")
        self.tabs = QTabBar()
        self.tabs.setObjectName("right-zone-tabs")
        self.tabs.setAccessibleName("System or second read")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(True)
        self.tabs.addTab("System")
        self.tabs.addTab("Second read")
        self.tabs.setTabToolTip(SYSTEM, "Run a system and see what it found (S: the other tab)")
        self.tabs.setTabToolTip(SECOND_READ, "Read alone, reveal, judge, export (S: the other tab)")
        self.stack = QStackedWidget()
        self.stack.setObjectName("right-zone-stack")
        for page in (system, second_read):
            self.stack.addWidget(page)
        self.tabs.currentChanged.connect(self.stack.setCurrentIndex)
        inner = QVBoxLayout(surface)
        inner.setContentsMargins(0, 2, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.tabs)
        inner.addWidget(self.stack, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(surface)

    def show_page(self, page: int) -> None:
        """Bring a panel to the front."""
        self.tabs.setCurrentIndex(page)

    def other_page(self) -> None:
        """Bring the other panel to the front."""
        self.tabs.setCurrentIndex(1 - self.tabs.currentIndex())
