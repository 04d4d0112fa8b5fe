#!/usr/bin/python3
"""Runs each libFuzzer target for some seconds, some at a time, and says how many executions found
nothing.

Seeds are our own: seeds.py makes them of the unit tests, and what lies in seeds/NAME/ comes besides. What
a run finds stays in BUILD/fuzz-found/NAME, to be made a test."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import seeds

HERE = pathlib.Path(__file__).resolve().parent
# Longer inputs find nothing that these do not, and are slow.
BYTES_MAX = 65536
DICTIONARY = {"html": HERE / "html.dict"}  # the others' words come from the sources


def run(target, name, seconds, found):
    """(name, executions or None, ok, what libFuzzer said)"""
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus, dictionary = pathlib.Path(folder) / "corpus", pathlib.Path(folder) / "words"
        corpus.mkdir()
        seeds.write(name, corpus)
        for n, seed in enumerate(sorted((HERE / "seeds" / name).glob("*"))):
            shutil.copy(seed, corpus / f"file-{n}")
        if name in DICTIONARY:
            shutil.copy(DICTIONARY[name], dictionary)
        else:
            seeds.write_words(name, dictionary)
        # Each in a folder of its own: a target may write files.
        command = [target, f"-dict={dictionary}", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
                   f"-max_len={BYTES_MAX}", f"-artifact_prefix={found}/", "-print_final_stats=1", corpus]
        process = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=folder,
                                 env=dict(os.environ, ASAN_OPTIONS="detect_leaks=1"))
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", process.stderr)
    return name, int(executions.group(1)) if executions else None, process.returncode == 0, process.stderr


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", required=True)
    ap.add_argument("--seconds", type=int, default=60)
    ap.add_argument("--jobs", type=int, default=2, help="targets at a time")
    ap.add_argument("names", nargs="*")
    args = ap.parse_args()
    build = pathlib.Path(args.build).resolve()
    targets = {p.name[len("fuzz_"):]: p for p in sorted((build / "tests" / "fuzz").glob("fuzz_*")) if p.is_file() and os.access(p, os.X_OK)}
    unknown = [name for name in args.names if name not in targets]
    if unknown or not targets:
        sys.exit(f"no fuzz target {' '.join(unknown)} in {build}/tests/fuzz (there are: {' '.join(targets)})")
    total, ok = 0, True
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        jobs = [pool.submit(run, targets[name], name, args.seconds, build / "fuzz-found" / name) for name in args.names or targets]
        for job in concurrent.futures.as_completed(jobs):
            name, executions, good, said = job.result()
            total, ok = total + (executions or 0), ok and good
            outcome = "nothing found" if good else f"FAILED, see {build / 'fuzz-found' / name}"
            print(f"{name}: {'?' if executions is None else f'{executions:,}'} executions in {args.seconds} s, {outcome}", flush=True)
            if not good:
                print(said[-4000:])
    print(f"{total:,} executions of {len(jobs)} targets: {'nothing found' if ok else 'FAILED'}")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
