"""Makes .venv from a hash-locked file, on a machine with nothing but Python >= 3.11.

    python3 .ci/venv.py demo|test|bench

Debian's python3 comes without pip and ensurepip, so the environment is made without pip, and pip is put in
from the wheel kept beside this file, after its checksum was compared. What is installed is remembered in a
stamp; the same lock is not installed twice. The user's own pip configuration (mirrors, certificates) is
honoured: no index is named here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
BOOTSTRAP = ROOT / ".ci" / "bootstrap"
OLDEST = (3, 11)
NEWER_NAMES = ["python3.13", "python3.12", "python3.11", "python3.14"]


def main() -> int:
    """Bring .venv up to the lock named on the command line; say nothing if it already is."""
    if sys.version_info < OLDEST:
        return run_again_with_newer_python()
    name = sys.argv[1]
    lock = ROOT / ".ci" / "lock" / f"{name}.txt"
    stamp = VENV / f".installed-{name}"
    if not healthy():
        create()
    want = fingerprint(lock)
    if stamp.is_file() and stamp.read_text() == want:
        return 0
    install(lock)
    stamp.write_text(want)
    return 0


def run_again_with_newer_python() -> int:
    """Let a newer Python on PATH do it, if there is one."""
    for name in NEWER_NAMES:
        path = shutil.which(name)
        if path and subprocess.run([path, "-c", ""], check=False, capture_output=True).returncode == 0:
            return subprocess.run([path, *sys.argv], check=False).returncode
    print(f"Campuswatch needs Python >= 3.11; {sys.executable} is {sys.version.split()[0]}.")
    print("Install one, or name it: make PYTHON=/path/to/python3.11 ...")
    return 1


def healthy() -> bool:
    """Whether .venv has a Python that runs, is new enough, has pip, and was made at this path.

    A clone that was moved keeps scripts that start with the old path.
    """
    test = f"import pip, sys; sys.exit(sys.version_info < {OLDEST} or sys.prefix != {str(VENV)!r})"
    script = VENV / "bin" / "pip"
    try:
        answer = subprocess.run([str(VENV_PYTHON), "-I", "-c", test], check=False, capture_output=True)
        made_here = not script.exists() or bytes(VENV) in script.read_bytes()
    except OSError:
        return False
    return answer.returncode == 0 and made_here


def create() -> None:
    """Make .venv anew and put pip in from the wheel kept here."""
    wheel = checked_pip_wheel()
    print(f"making {VENV} with {sys.executable}", flush=True)
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], check=True)
    arguments = ["install", "--quiet", "--isolated", "--no-index", "--no-deps", "--no-cache-dir", str(wheel)]
    subprocess.run([str(VENV_PYTHON), str(wheel / "pip"), *arguments], check=True, env=environment())


def checked_pip_wheel() -> Path:
    """The pip wheel kept here, after its checksum was compared."""
    sha256, name = (BOOTSTRAP / "pip.sha256").read_text().split()
    wheel = BOOTSTRAP / name
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != sha256:
        sys.exit(f"{wheel}: the checksum is not the one in pip.sha256; fetch the repository again")
    return wheel


def install(lock: Path) -> None:
    """Install exactly what the lock says, each file checked against its hash, then this project in place."""
    print(f"installing {lock.relative_to(ROOT)} into {VENV}", flush=True)
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    for arguments in (["--require-hashes", "-r", str(lock)], ["--no-build-isolation", "-e", str(ROOT)]):
        answer = subprocess.run([*pip, *arguments], check=False, env=environment())
        if answer.returncode:
            sys.exit(f"pip could not install {lock.relative_to(ROOT)}; its message is above")


def environment() -> dict[str, str]:
    """This process's environment, without the settings that make pip install elsewhere."""
    elsewhere = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH"}
    return {name: value for name, value in os.environ.items() if name not in elsewhere}


def fingerprint(lock: Path) -> str:
    """What the stamp holds: changes when the lock, the project's own metadata or the place changes."""
    digest = hashlib.sha256()
    for part in (lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), bytes(VENV)):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
