"""The right zone: what systems found, the second read, and what the reader says of the lesion: tabs of one bar."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from overread.ui.widgets.parts import panel

SYSTEM, SECOND_READ, LESION = 0, 1, 2


class RightZone(QFrame):
    """Holds the panels; keys and listeners work whichever is in front."""

    def __init__(
        self, system: QWidget, second_read: QWidget, lesion: QWidget, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("right-zone")
        surface = panel("right-zone-surface", "System, second read and lesion")
        self.tabs = QTabBar()
        self.tabs.setObjectName("right-zone-tabs")
        self.tabs.setAccessibleName("System, second read or lesion")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(True)
        self.tabs.addTab("System")
        self.tabs.addTab("Second read")
        self.tabs.addTab("Lesion")
        self.tabs.setTabToolTip(SYSTEM, "Run a system and see what it found (S: the other tab)")
        self.tabs.setTabToolTip(SECOND_READ, "Read alone, reveal, judge, export (S: the other tab)")
        self.tabs.setTabToolTip(LESION, "Circle lesions, clinical facts, three signs (Shift+S)")
        self.stack = QStackedWidget()
        self.stack.setObjectName("right-zone-stack")
        for page in (system, second_read, lesion):
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
        """Go from the system to the second read and back; from the lesion to the system."""
        self.tabs.setCurrentIndex(SECOND_READ if self.tabs.currentIndex() == SYSTEM else SYSTEM)

    def lesion_page(self) -> None:
        """Go to the lesion, or back to the system."""
        self.tabs.setCurrentIndex(SYSTEM if self.tabs.currentIndex() == LESION else LESION)
