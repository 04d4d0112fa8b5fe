"""The journal alone: events with their seen rows appended per second, by events in a commit, and read
again. What the disk can do bounds the small commits; what SQLite costs bounds the large ones."""
from rig import Row, folder, run_json, say

SIZES = (1, 10, 100, 1000)


def one(options, size):
    with folder() as work:
        got = run_json("bench-journal", work, options.pick(2, 1), size)
    say(f"journal, {size} in a commit: {got['rows'] / got['seconds']:,.0f}/s, "
        f"read at {got['rows'] / got['read_seconds']:,.0f}/s")
    return got["rows"] / got["seconds"], got["rows"] / got["read_seconds"]


def measure(options):
    rows, reads = [], []
    for size in SIZES:
        found = [one(options, size) for _ in range(options.pick(3, 1))]
        rows.append(Row(f"journal, {size} in a commit", "events/s", [f[0] for f in found]))
        reads = [f[1] for f in found]
    rows.append(Row("journal, read in slices of 500", "events/s", reads))
    return rows
