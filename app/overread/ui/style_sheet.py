"""How the widgets of the window look: a Qt style sheet in the colours of a theme, by name."""

from __future__ import annotations

STYLE = """
* { outline: none; }
QWidget { color: $text; }
QMainWindow, QDialog { background: $background; }
QMenuBar { background: $background; padding: 2px 6px; }
QMenuBar::item { padding: 4px 9px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected, QMenu::item:selected { background: $accent_dark; color: $on_accent; }
QMenu { background: $panel; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 26px 5px 22px; border-radius: 3px; }
QMenu::item:disabled { color: $disabled; background: transparent; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 5px; }
QToolBar { background: $background; border: none; border-bottom: 1px solid $border; spacing: 2px;
            padding: 3px 6px; }
QToolBar::separator { width: 1px; background: $border; margin: 4px 6px; }
QToolButton { border: 1px solid transparent; border-radius: 5px; padding: 4px 8px;
               background: transparent; }
QToolButton:hover { background: $raised; }
QToolButton:checked { background: $accent_dark; color: $on_accent; }
QToolButton:disabled { color: $disabled; }
QToolButton:focus { border-color: $accent; }
QToolButton::menu-indicator { image: none; width: 0; }
QPushButton { background: $raised; border: 1px solid $border; border-radius: 5px; padding: 6px 14px; }
QPushButton:hover { border-color: $quiet; }
QPushButton:pressed { background: $panel; }
QPushButton:checked { background: $accent_dark; color: $on_accent; border-color: $accent_dark; }
QPushButton[compact="true"] { padding: 5px 4px; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $disabled; background: $panel; }
QPushButton[primary="true"] { background: $accent_dark; border-color: $accent_dark; color: $on_accent;
                               font-weight: 600; }
QPushButton[primary="true"]:hover, QPushButton[primary="true"]:focus { border-color: $accent; }
QPushButton[primary="true"]:disabled { background: $raised; border-color: $border; color: $disabled; }
QPushButton[link="true"] { background: transparent; border: 1px solid transparent; color: $accent;
                            padding: 2px 4px; text-align: left; }
QPushButton[link="true"]:hover { text-decoration: underline; }
QPushButton[link="true"]:focus { border-color: $accent; }
QPushButton[link="true"]:disabled { color: $disabled; }
QComboBox { background: $raised; border: 1px solid $border; border-radius: 5px; padding: 4px 8px; }
QComboBox:focus { border-color: $accent; }
QComboBox:disabled { color: $disabled; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$down"); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: $panel; border: 1px solid $border; outline: none;
                               selection-background-color: $accent_dark; }
QTreeView, QTableView, QTextBrowser, QListView { background: $panel;
    selection-background-color: $accent_dark; selection-color: $on_accent; }
QTreeView, QTableView, QTextBrowser, QListView { border: 1px solid $panel; }
QTreeView:focus, QTableView:focus, QTextBrowser:focus, QListView:focus { border: 1px solid $accent; }
QLineEdit, QPlainTextEdit, QSpinBox, QDoubleSpinBox { background: $raised; border: 1px solid $border;
    border-radius: 5px; padding: 4px 8px; selection-background-color: $accent_dark; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus { border-color: $accent; }
QLineEdit:disabled, QPlainTextEdit:disabled { color: $disabled; background: $panel; }
QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: none; }
QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabBar { border: none; background: transparent; }
QTabBar::tab { color: $quiet; padding: 7px 13px; border: 1px solid transparent; border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:selected:focus { border: 1px solid $accent; border-bottom: 2px solid $accent; }
QTreeView::branch { background: $panel; }
QTableView { gridline-color: transparent; }
QTableView::item { padding: 3px 6px; border: none; }
QHeaderView { background: $panel; }
QHeaderView::section { background: $panel; color: $quiet; border: none; border-bottom: 1px solid $border;
                        padding: 4px 6px; }
QProgressBar { background: $raised; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QSlider::groove:horizontal { height: 4px; background: $raised; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent_dark; border-radius: 2px; }
QSlider::handle:horizontal { width: 12px; height: 12px; margin: -5px 0; border-radius: 6px;
                              background: $accent; border: 1px solid $accent; }
QSlider::handle:horizontal:focus { background: $text; border: 1px solid $text; }
QSlider::handle:horizontal:disabled { background: $disabled; border-color: $disabled; }
QCheckBox, QRadioButton { spacing: 7px; padding: 1px 3px; border: 1px solid transparent; border-radius: 3px; }
QRadioButton::indicator { width: 13px; height: 13px; border: 1px solid $quiet; border-radius: 7px;
                          background: $raised; }
QRadioButton::indicator:checked { background: $accent; border-color: $accent; image: url("$dot"); }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $quiet; border-radius: 3px;
                        background: $raised; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$check"); }
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical { background: $border; border-radius: 4px; min-height: 28px; margin: 1px; }
QScrollBar::handle:vertical:hover { background: $disabled; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle:horizontal { background: $border; border-radius: 4px; min-width: 28px; margin: 1px; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: none;
    border: none; width: 0; height: 0; }
QSplitter::handle { background: $background; }
QStatusBar { background: $background; border-top: 1px solid $border; color: $quiet; }
QStatusBar::item { border: none; }
QLabel[quiet="true"] { color: $quiet; }
QLabel[heading="true"] { color: $quiet; font-weight: 600; letter-spacing: 0.6px; }
QLabel[caution="true"] { color: $warning; }
QFrame[panel="true"] { background: $panel; }
QFrame[rule="true"] { background: $border; max-height: 1px; min-height: 1px; border: none; }
"""
"""Colours stand as ``$name`` of a ``theme.Theme``; ``$down``, ``$check`` and ``$dot`` are files of pictures."""
