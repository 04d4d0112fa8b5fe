#!/usr/bin/python3
"""The shipped unit gives the daemon no more of the machine than systemd's own measure calls well kept:
an exposure of 1.5 of 10 at most."""
import os
import pathlib
import shutil
import subprocess
import sys

SKIP = 77
EXPOSURE_MAX = 1.5

unit = pathlib.Path(os.environ["CIVICWIRE_BUILD"]) / "systemd" / "civicwired.service"
if not shutil.which("systemd-analyze"):
    print("skipped: there is no systemd-analyze here")
    sys.exit(SKIP)
# The threshold is in tenths. LC_ALL: words and numbers as below.
done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX * 10:.0f}", unit],
                      capture_output=True, text=True, env=dict(os.environ, LC_ALL="C.UTF-8", SYSTEMD_PAGER=""))
last = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), done.stderr.strip())
print(last.strip())
if done.returncode != 0:
    print("\n".join(line for line in done.stdout.splitlines() if "✗" in line))
sys.exit(1 if done.returncode else 0)
