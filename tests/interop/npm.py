"""Programs of other people's, installed from the npm registry by a lock file."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

INSTALL_SECONDS: Final = 120


def install(source: Path, folder: Path) -> Path:
    """``folder`` with what the lock file in ``source`` pins; skips, with the reason, where that cannot be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(source / name, folder / name)
    command = ["npm", "ci", "--prefer-offline", "--no-progress"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=INSTALL_SECONDS, check=False)  # noqa: S603 - fixed words
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {source.name} within {INSTALL_SECONDS} s")
    if done.returncode:
        pytest.skip(f"npm could not install {source.name} (exit code {done.returncode}): no registry within reach?")
    return folder
