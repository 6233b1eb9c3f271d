"""The four folders the program writes to: config, data, cache, log (CONTRACT section 2). Source folders never."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "OVERREAD_HOME"


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of this user. They are made by whoever first writes into one."""

    config: Path
    data: Path
    cache: Path
    log: Path

    @property
    def bundles(self) -> Path:
        """Bundles that the user added or trained."""
        return self.data / "models"

    @property
    def practice(self) -> Path:
        """Phantom cases made on this machine."""
        return self.data / "practice"


def user_places() -> Places:
    """The user's folders; ``OVERREAD_HOME`` puts all four below one folder (tests, portable use)."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        root = Path(home).expanduser().resolve()
        return Places(root / "config", root / "data", root / "cache", root / "log")
    import platformdirs

    dirs = platformdirs.PlatformDirs("overread", appauthor=False)
    return Places(dirs.user_config_path, dirs.user_data_path, dirs.user_cache_path, dirs.user_log_path)
