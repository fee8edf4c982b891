"""Open files in LibreOffice, as whoever gets them does."""

import subprocess
from pathlib import Path


def libreoffice(source: Path, folder: Path, target: str) -> Path:
    """Open a file in LibreOffice, save it in a folder in another form, and return it."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", target, "--outdir", folder, source],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder / f"{source.stem}.{target.partition(':')[0]}"
