"""Own the question whether a vulnerability is known in what is installed: it is never skipped in silence."""

import json
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = (
    Path(__file__).parent.parent / "requirements" / "sso.txt"
)  # all that can be installed: app.txt and single sign-on
PIP_AUDIT = Path(sys.executable).with_name("pip-audit")
COMMAND = (PIP_AUDIT, "--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json", "--requirement")
PATIENCE_SECONDS = 300


def main() -> int:
    """Ask about every pinned requirement; return 1 if a vulnerability is known, 0 else, also if nobody could be asked.

    pip-audit itself says `No known vulnerabilities found` where its data knew none of the packages.
    """
    try:
        packages = json.loads(_ask())["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        _say(f"NOT AUDITED: pip-audit gave no answer, so nothing was looked up. {type(error).__name__}: {error}")
        return 0
    for package in packages:
        for found in package.get("vulns", ()):
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            _say(f"{package['name']} {package['version']}: {found['id']}, mended in {fixed}")
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped:
        _say(
            f"NOT AUDITED: {len(skipped)} of {len(packages)} requirements could not be looked up: {', '.join(skipped)}."
        )
    return int(any(package.get("vulns") for package in packages))


def _ask() -> str:
    """Return the report; raise OSError, SubprocessError, or ValueError with the last line that pip-audit said."""
    command = [*COMMAND, REQUIREMENTS]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    if not asked.stdout.strip():
        raise ValueError((asked.stderr.strip().splitlines() or ["it said nothing"])[-1])
    return asked.stdout


def _say(line: str) -> None:
    """Say a line where it is seen."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
