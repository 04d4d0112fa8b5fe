#!/usr/bin/python3
"""./dev bench [--quick] [NAME…]: measures, and prints one table: what was wanted, what was found.

The figures depend on the machine and on who else uses it: the head of the table says what is known of
both. Nothing here fails; a goal that was not reached is printed as such.
"""
import argparse
import os
import pathlib
import platform
import sys
import time

import measure_bad
import measure_fetch
import measure_freshness
import measure_instructions
import measure_journal
import measure_latency
import measure_memory
import measure_parse
import measure_polls
import measure_replay
import measure_scale
import measure_sweep
import measure_throughput
import rig
from rig import wire

MEASUREMENTS = {
    "throughput": measure_throughput.measure,
    "latency": measure_latency.measure,
    "replay": measure_replay.measure,
    "memory": measure_memory.measure,
    "scale": measure_scale.measure,
    "journal": measure_journal.measure,
    "freshness": measure_freshness.measure,
    "sweep": measure_sweep.measure,
    "bad": measure_bad.measure,
    "fetch": measure_fetch.measure,
    "parse": measure_parse.measure,
    "instructions": measure_instructions.measure,
    "polls": measure_polls.measure,
}


def load():
    return " ".join(f"{x:.2f}" for x in os.getloadavg())


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def print_head(before, options):
    with rig.folder() as path:
        sync = rig.sync_median_ms(path)
    print(f"civicwire bench{' --quick' if options.quick else ''}, {time.strftime('%Y-%m-%d %H:%M')}: "
          f"{os.cpu_count()} × {cpu_model()}, Linux {platform.release()}")
    print(f"load average {before} before, {load()} after; fdatasync of 4 KiB: {sync:.2f} ms (median); build {wire.BUILD.name}")
    print()


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: is anything broken?")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    arguments = parser.parse_args()
    unknown = [n for n in arguments.names if n not in MEASUREMENTS]
    if unknown:
        parser.error(f"no such measurement: {', '.join(unknown)} (there are {', '.join(MEASUREMENTS)})")
    options, before, rows = rig.Options(arguments.quick), load(), []
    for name in arguments.names or MEASUREMENTS:
        rig.say(f"{name} (load average {load()})")
        rows += MEASUREMENTS[name](options)
    print_head(before, options)
    rig.print_table(rows)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
