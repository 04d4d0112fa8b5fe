"""What the lints know of the tree: its C files, and how to say what is wrong."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')


def c_files(*suffixes):
    """Paths relative to the root, of all C files of the project."""
    if (ROOT / ".git").exists():
        names = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                               capture_output=True, text=True, check=True).stdout.split()
    else:
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*.[ch]") if not p.parts[len(ROOT.parts)].startswith("build")]
    return [pathlib.Path(n) for n in sorted(set(names))
            if (not suffixes or n.endswith(suffixes)) and (ROOT / n).exists()]


def read(path):
    return (ROOT / path).read_text()


def bare(text):
    """Without comments and strings, lines kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return STRING.sub(blank, COMMENT.sub(blank, text))


def finish(problems, checked):
    for problem in problems:
        print(problem)
    print(f"{checked}: {len(problems)} problem{'s' * (len(problems) != 1)}")
    sys.exit(1 if problems else 0)
