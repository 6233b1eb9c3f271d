"""The window: Qt widgets that draw the state of ``viewing`` and send it what the person wants.

In: paths. Out: nothing but what is on the screen. The only room where Qt is imported; torch never is.
"""

from overread.ui.app import run

__all__ = ["run"]
