"""The dark theme: one palette, one style sheet, icons in its colours. Text has a contrast of 4.5 or more."""

from __future__ import annotations

import functools

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from overread.core.places import resources

BACKGROUND = "#1d1f22"
PANEL = "#232629"
RAISED = "#2e3236"
BORDER = "#3b4046"
TEXT = "#e6e8ea"
QUIET = "#a8b0b8"
DISABLED = "#767d85"
ACCENT = "#6cb8c4"
ACCENT_DARK = "#285c66"
WARNING = "#e0b050"
IMAGE_SURROUND = "#000000"

STYLE = f"""
* {{ outline: none; }}
QWidget {{ color: {TEXT}; }}
QMainWindow, QDialog {{ background: {BACKGROUND}; }}
QMenuBar {{ background: {BACKGROUND}; padding: 2px 6px; }}
QMenuBar::item {{ padding: 4px 9px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {ACCENT_DARK}; color: white; }}
QMenu {{ background: {PANEL}; border: 1px solid {BORDER}; padding: 4px; }}
QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 3px; }}
QMenu::item:disabled {{ color: {DISABLED}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {BORDER}; margin: 4px 8px; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {BORDER}; padding: 5px; }}
QToolBar {{ background: {BACKGROUND}; border: none; border-bottom: 1px solid {BORDER}; spacing: 2px;
            padding: 3px 6px; }}
QToolBar::separator {{ width: 1px; background: {BORDER}; margin: 4px 6px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 4px 8px;
               background: transparent; }}
QToolButton:hover {{ background: {RAISED}; }}
QToolButton:checked {{ background: {ACCENT_DARK}; color: white; }}
QToolButton:disabled {{ color: {DISABLED}; }}
QToolButton:focus {{ border-color: {ACCENT}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QPushButton {{ background: {RAISED}; border: 1px solid {BORDER}; border-radius: 5px; padding: 6px 14px; }}
QPushButton:hover {{ border-color: {QUIET}; }}
QPushButton:pressed {{ background: {PANEL}; }}
QPushButton:focus {{ border-color: {ACCENT}; }}
QPushButton:disabled {{ color: {DISABLED}; background: {PANEL}; }}
QPushButton[primary="true"] {{ background: {ACCENT_DARK}; border-color: {ACCENT_DARK}; color: white;
                               font-weight: 600; }}
QPushButton[primary="true"]:hover, QPushButton[primary="true"]:focus {{ border-color: {ACCENT}; }}
QPushButton[primary="true"]:disabled {{ background: {RAISED}; border-color: {BORDER}; color: {DISABLED}; }}
QPushButton[link="true"] {{ background: transparent; border: 1px solid transparent; color: {ACCENT};
                            padding: 2px 4px; text-align: left; }}
QPushButton[link="true"]:hover {{ text-decoration: underline; }}
QPushButton[link="true"]:focus {{ border-color: {ACCENT}; }}
QPushButton[link="true"]:disabled {{ color: {DISABLED}; }}
QComboBox {{ background: {RAISED}; border: 1px solid {BORDER}; border-radius: 5px; padding: 4px 8px; }}
QComboBox:focus {{ border-color: {ACCENT}; }}
QComboBox:disabled {{ color: {DISABLED}; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: url("{{down}}"); width: 10px; height: 10px; }}
QComboBox QAbstractItemView {{ background: {PANEL}; border: 1px solid {BORDER}; outline: none;
                               selection-background-color: {ACCENT_DARK}; }}
QTreeView, QTableView, QTextBrowser, QListView {{ background: {PANEL}; border: none;
    selection-background-color: {ACCENT_DARK}; selection-color: white; }}
QTreeView:focus, QTableView:focus {{ border: 1px solid {ACCENT}; }}
QTreeView, QTableView {{ border: 1px solid {PANEL}; }}
QTreeView::branch {{ background: {PANEL}; }}
QTableView {{ gridline-color: transparent; }}
QTableView::item {{ padding: 3px 6px; border: none; }}
QHeaderView {{ background: {PANEL}; }}
QHeaderView::section {{ background: {PANEL}; color: {QUIET}; border: none; border-bottom: 1px solid {BORDER};
                        padding: 4px 6px; }}
QProgressBar {{ background: {RAISED}; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }}
QProgressBar::chunk {{ background: {ACCENT}; border-radius: 3px; }}
QSlider::groove:horizontal {{ height: 4px; background: {RAISED}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {ACCENT_DARK}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -5px 0; border-radius: 6px;
                              background: {ACCENT}; border: 1px solid {ACCENT}; }}
QSlider::handle:horizontal:focus {{ background: white; }}
QSlider::handle:horizontal:disabled {{ background: {DISABLED}; border-color: {DISABLED}; }}
QCheckBox {{ spacing: 7px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {QUIET}; border-radius: 3px;
                        background: {RAISED}; }}
QCheckBox::indicator:checked {{ background: {ACCENT}; border-color: {ACCENT}; image: url("{{check}}"); }}
QCheckBox:focus {{ color: {ACCENT}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {BORDER}; border-radius: 4px; min-height: 28px; margin: 1px; }}
QScrollBar::handle:vertical:hover {{ background: {DISABLED}; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle:horizontal {{ background: {BORDER}; border-radius: 4px; min-width: 28px; margin: 1px; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: none;
    border: none; width: 0; height: 0; }}
QSplitter::handle {{ background: {BACKGROUND}; }}
QStatusBar {{ background: {BACKGROUND}; border-top: 1px solid {BORDER}; color: {QUIET}; }}
QStatusBar::item {{ border: none; }}
QLabel[quiet="true"] {{ color: {QUIET}; }}
QLabel[heading="true"] {{ color: {QUIET}; font-weight: 600; letter-spacing: 0.6px; }}
QLabel[caution="true"] {{ color: {WARNING}; }}
QFrame[panel="true"] {{ background: {PANEL}; }}
QFrame[rule="true"] {{ background: {BORDER}; max-height: 1px; min-height: 1px; border: none; }}
"""


def apply(app: QApplication) -> None:
    """Dress the application."""
    app.setStyle("Fusion")
    app.setPalette(_palette())
    icons = (resources() / "icons").as_posix()
    style = STYLE.replace("{down}", f"{icons}/down.svg").replace("{check}", f"{icons}/check.svg")
    app.setStyleSheet(style)


@functools.cache
def icon(name: str, colour: str = TEXT) -> QIcon:
    """An icon of ours in a colour of the theme, sharp at one and two device pixels a point."""
    source = (resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    made = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, DISABLED)):
        renderer = QSvgRenderer(QByteArray(source.replace("currentColor", tint).encode()))
        for side in (18, 36, 54):
            pixmap = QPixmap(side, side)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter)
            painter.end()
            made.addPixmap(pixmap, mode)
    return made


def scaled_font(base: QFont, factor: float, bold: bool = False) -> QFont:
    """The same font larger or smaller."""
    font = QFont(base)
    font.setPointSizeF(max(base.pointSizeF(), 8.0) * factor)
    font.setBold(bold)
    return font


def _palette() -> QPalette:
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in (
            (roles.Window, BACKGROUND), (roles.WindowText, TEXT), (roles.Base, PANEL), (roles.Text, TEXT),
            (roles.AlternateBase, RAISED), (roles.Button, RAISED), (roles.ButtonText, TEXT),
            (roles.Highlight, ACCENT_DARK), (roles.HighlightedText, "#ffffff"), (roles.ToolTipBase, RAISED),
            (roles.ToolTipText, TEXT), (roles.Link, ACCENT), (roles.PlaceholderText, QUIET)):
        palette.setColor(role, QColor(colour))
    for role in (roles.Text, roles.WindowText, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(DISABLED))
    return palette
