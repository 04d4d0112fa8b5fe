#!/usr/bin/python3
"""The package on a booted system: built as for Debian, installed by the README's commands, run by a real
systemd as process 1, and taken out again. Minutes: `./dev test --full` runs it."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import boot

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD_S, BOOT_S = 1500, 600


def source_files():
    git = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z"], capture_output=True)
    if git.returncode == 0:
        return git.stdout.decode().split("\0")[:-1]
    # A tree without git, such as one unpacked.
    return [str(p.relative_to(SOURCE)) for p in SOURCE.rglob("*") if p.is_file() and "build" not in p.parts[-2]]


def build_packages(work):
    """The .deb files, in a folder of their own. $CIVICWIRE_PACKAGES names one that has them."""
    packages = work / "packages"
    given = os.environ.get("CIVICWIRE_PACKAGES")
    packages.mkdir()
    if not given:
        tree = work / "source" / "civicwire"
        for name in source_files():
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / name, target)
        done = subprocess.run(["dpkg-buildpackage", "-b", "-us", "-uc"], cwd=tree, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=BUILD_S)
        assert done.returncode == 0, "the package cannot be built:\n" + done.stdout[-6000:]
        given = tree.parent
    for deb in pathlib.Path(given).glob("*.deb"):
        shutil.copy(deb, packages)
    shutil.rmtree(work / "source", ignore_errors=True)


def main():
    why = boot.why_not() or next((f"{program} is not installed" for program in ("dpkg-buildpackage", "dh", "jq", "curl")
                                  if not shutil.which(program)), None)
    if why:
        print(f"skipped: {why}")
        return boot.NOT_ALLOWED
    work = pathlib.Path(tempfile.mkdtemp(prefix="civicwire-boot-"))
    try:
        work.chmod(0o755)
        build_packages(work)
        shutil.copy(SOURCE / "README.md", work)
        shutil.copy(SOURCE / "tests" / "boot" / "checks.py", work)
        status = boot.boot(work, BOOT_S)
        print((work / "output").read_text(errors="replace"))
        return status
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
