#!/usr/bin/python3
"""civicwire parse against the self-describing cases of Python's feedparser.

The judge stands beside the corpus (../tools/fp_conformance.py): it hides each case's expectation,
asks `civicwire parse`, and compares. Where we differ on purpose conformance-known.tsv says why. The
test fails when another case does, when a row of the table is no longer needed, when fewer pass than
have passed, and when anything that acts is left in an HTML text.

The judge takes a text that is declared plain for the words of the markup it stands for. So eleven cases
pass about elements that we do not publish: <caption>, <thead> and <tr> outside of tables, <select>,
<noscript>, <event-source>, an <img> without source, MathML and SVG. Their words are left, or nothing.

    conformance.py CIVICWIRE [CORPUS]
"""
import json
import os
import subprocess
import sys
import tempfile

SKIP = 77
SECONDS = 240
# Per cent of the cases within our model.
RATE_MIN = 98.0
KNOWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "conformance-known.tsv")


def known_cases():
    """Case → reason."""
    with open(KNOWN, encoding="utf-8") as table:
        next(table)
        return dict(line.rstrip("\n").split("\t") for line in table if line.strip())


def judge(tool, corpus, program):
    """The tool's findings on all cases within our model."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "findings.json")
        # The tool makes copies of the cases without their expectations: in our folder, so that they
        # go with it.
        subprocess.run([sys.executable, tool, "--tests", os.path.join(corpus, "feedparser"),
                        "--strip-expect", "--scope", "core", "--worker", "--show-fail", "0",
                        "--json", path, "--", program, "parse", "--emails", "--worker"],
                       check=True, timeout=SECONDS, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, TMPDIR=folder))
        with open(path, encoding="utf-8") as findings:
            return json.load(findings)


def complaints(findings, known):
    """Yields what is wrong, a line each."""
    cases = findings["cases"]
    for name, case in sorted(cases.items()):
        if case["verdict"] == "fail" and name not in known:
            yield f"{name}: {case['why']}"
    for name in sorted(known):
        verdict = cases.get(name, {}).get("verdict", "missing")
        if verdict != "fail":
            yield f"{name}: is in the table of known differences, but the verdict is: {verdict}"
    for name, hits in findings["unsafe"]:
        yield f"{name}: active content in the output: {', '.join(hits)}"
    if findings["rate"] < RATE_MIN:
        yield f"{findings['rate']:.2f} % of the cases pass, {RATE_MIN} % did"


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    corpus = sys.argv[2] if len(sys.argv) == 3 else os.environ.get("CIVICWIRE_CORPUS", "")
    tool = os.path.join(corpus, "..", "tools", "fp_conformance.py")
    if not corpus or not os.path.isdir(os.path.join(corpus, "feedparser")) or \
            not os.path.isfile(tool):
        print("CIVICWIRE_CORPUS holds no feedparser/ with its tool beside it: nothing to judge")
        return SKIP
    known = known_cases()
    findings = judge(os.path.abspath(tool), corpus, sys.argv[1])
    verdicts = [case["verdict"] for case in findings["cases"].values()]
    passed, failed = (sum(v.startswith(word) for v in verdicts) for word in ("pass", "fail"))
    wrong = list(complaints(findings, known))
    for line in wrong:
        print(line)
    print(f"{passed} of {passed + failed} cases as expected ({findings['rate']:.1f} %), "
          f"{len(known)} known differences, {len(findings['unsafe'])} with active content")
    if not passed:
        print("no case passed: the tool judged nothing")
    return 1 if wrong or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
