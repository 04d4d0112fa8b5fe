#!/usr/bin/python3
"""How polite the daemon is: the real daemon over a fortnight, two months, a start after days, and redirects, by a clock that the test turns, against
an origin that logs each request. One row for each rule, with what the log shows for it; docs/politeness.md says the same in plain words,
and ends with the names of the rows."""
import functools
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import island  # noqa: E402

island.enter()

import wire  # noqa: E402
from origin.server import TLS  # noqa: E402
from polite import hosts, redirects, requests  # noqa: E402
from polite.evidence import Report  # noqa: E402
from polite.fortnight import test_fortnight  # noqa: E402
from polite.later import test_start, test_two_months  # noqa: E402
from polite.redirects import test_redirects  # noqa: E402

PAGE = wire.SOURCE / "docs" / "politeness.md"


def test_page(r):
    """What webmasters are told is what is shown here."""
    promised = re.findall(r"^- (.+)$", PAGE.read_text().partition("## The rules, each shown by a test")[2], re.MULTILINE)
    shown = [rule for rule, _, _ in r.rows]
    wrong = sorted(set(promised) ^ set(shown))
    r.row("docs/politeness.md names these rules and no others", f"{len(promised)} there; {'; '.join(wrong) or 'the same'}",
          promised == shown)


def main():
    report = Report()
    island.use_names(f"127.0.0.1 localhost\n::1 localhost\n{requests.SECURE} {requests.SECURE_HOST}\n" + hosts.names() + redirects.names())
    island.trust(TLS / "authority.pem")
    tests = [functools.partial(test, report) for test in (test_fortnight, test_two_months, test_start, test_redirects, test_page)]
    for test in tests:
        test.__name__ = test.func.__name__
    try:
        wire.main(tests)
    finally:
        report.print()
    failed = report.failed()
    assert not failed, failed


if __name__ == "__main__":
    main()
