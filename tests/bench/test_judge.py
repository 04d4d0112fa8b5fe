#!/usr/bin/python3
"""What judges the requests finds those that are early, those that are late and those that never come."""
import time

import many

GAP_S = 1.0


def judge():
    return many.Judge([10, 10, 10], ["a", "a", "b"], GAP_S)


def near(values, expected):
    assert len(values) == len(expected) and all(abs(x - y) < 1e-6 for x, y in zip(values, expected)), (values, expected)


def test_in_time():
    j = judge().take([(0, 100.0, 100.5, 200), (1, 101.6, 101.7, 304), (0, 110.6, 110.7, 304), (1, 111.8, 111.9, 304)])
    assert not j.early and not j.crowded and j.statuses == {200: 1, 304: 3}
    near(j.late, [0, 0])


def test_early():
    """Its interval counts from the end of the last answer; so does the gap, whichever feed of the host was answered."""
    j = judge().take([(0, 100.0, 100.5, 200), (0, 110.4, 110.5, 304), (1, 111.4, 111.5, 304)])
    near(j.early, [0.1])
    near(j.crowded, [0.1])


def test_late():
    """The tenth of jitter is not late, nor is who waits for the host's other feeds."""
    j = judge().take([(2, 100.0, 100.5, 200), (2, 111.5, 111.6, 304), (2, 123.0, 123.1, 304)])
    near(j.late, [0, 0.4])
    j = judge().take([(0, 100.0, 100.5, 200), (1, 112.0, 117.0, 304), (0, 118.25, 118.5, 304)])
    near(j.late, [0.25])


def test_never():
    now = time.monotonic()
    j = judge().take([(0, now - 30, now - 29, 200), (2, now - 5, now - 4, 200)])
    late, = j.waiting(0.5)
    assert 18 <= late < 19, late
    assert not j.waiting(60)


def test_quantile():
    buckets = [(0.001, 50), (0.005, 98), (0.01, 98), (float("inf"), 100)]
    assert abs(many.quantile(buckets, 0.5) - 1.0) < 1e-6
    assert 1 < many.quantile(buckets, 0.9) < 5
    assert many.quantile(buckets, 0.99) == 10  # beyond the last bound nothing is known
    assert many.share_within(buckets, 0.005) == 0.98
    assert many.between({"x": [(1, 2)]}, {"x": [(1, 5)]}, "x") == [(1, 3)]


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
        print(f"{name}: ok")
