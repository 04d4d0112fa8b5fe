#!/usr/bin/python3
"""Runs each libFuzzer target for some seconds and says how many executions found nothing.

Seeds are our own: the sample feeds, the sample configuration, and what is given beside a target as
seeds/NAME/. What a run finds stays in BUILD/fuzz-found/NAME, to be made a test."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEEDS = {
    "parse": [*(ROOT / "config/demo/feeds").glob("*")],
    "html": [*(ROOT / "config/demo/feeds").glob("*.xml")],
    "config": [ROOT / "config/civicwired.yaml", *(ROOT / "config").glob("feeds.d/*"), *(ROOT / "config").glob("themes/*"),
               *(ROOT / "config/demo").glob("**/*.yaml")],
}
# Longer inputs find nothing that these do not, and are slow.
BYTES_MAX = 65536


def run(target, name, seconds, found):
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for n, seed in enumerate([*SEEDS.get(name, []), *(HERE / "seeds" / name).glob("*")]):
            shutil.copy(seed, pathlib.Path(corpus) / f"seed-{n}")
        command = [target, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", f"-max_len={BYTES_MAX}",
                   f"-artifact_prefix={found}/", "-print_final_stats=1", corpus]
        dictionary = HERE / f"{name}.dict"
        if dictionary.exists():
            command.insert(1, f"-dict={dictionary}")
        process = subprocess.run(command, capture_output=True, text=True, errors="replace",
                                 env=dict(os.environ, ASAN_OPTIONS="detect_leaks=1"))
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", process.stderr)
    print(f"{name}: {executions.group(1) if executions else '?'} executions in {seconds} s, "
          f"{'nothing found' if process.returncode == 0 else 'FAILED, see ' + str(found)}", flush=True)
    if process.returncode != 0:
        print(process.stderr[-4000:])
    return process.returncode == 0


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", required=True)
    ap.add_argument("--seconds", type=int, default=60)
    ap.add_argument("names", nargs="*")
    args = ap.parse_args()
    build = pathlib.Path(args.build)
    targets = sorted(p for p in (build / "tests" / "fuzz").glob("fuzz_*") if p.is_file() and os.access(p, os.X_OK))
    if not targets:
        sys.exit(f"no fuzz target in {build}/tests/fuzz")
    ok = True
    for target in targets:
        name = target.name[len("fuzz_"):]
        if not args.names or name in args.names:
            ok = run(target, name, args.seconds, build / "fuzz-found" / name) and ok
    sys.exit(0 if ok else 1)


main()
