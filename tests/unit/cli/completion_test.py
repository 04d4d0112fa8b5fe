#!/usr/bin/python3
"""`civicwire completion`: the scripts in their shells, and that they offer what the verbs take, all of it.

    completion_test.py CIVICWIRE
"""
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
COMPLETE = """source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _civicwire; printf '%s\\n' "${COMPREPLY[@]}" """


def run(*args, code=0):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, (args, done)
    return done.stdout if code == 0 else done.stderr


@functools.cache
def help_of(verb):
    """Long options, and words, as the verb's help has them."""
    text = run(verb, "--help").split("\nExit status")[0]
    options = {o for line in re.findall(r"^ {2,}(-.*)$", text, re.M) for o in re.findall(r"--[a-z-]+", line.split("  ")[0])}
    return options, set(re.findall(r"^  ([a-z][a-z-]*)\s", text, re.M))


VERBS = re.findall(r"^  ([a-z-]+) ", run("--help"), re.M)


class Shells(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    @classmethod
    def setUpClass(cls):
        cls.scripts = {shell: run("completion", shell) for shell in ("bash", "zsh", "fish")}

    def script(self, shell):
        path = self.folder / f"civicwire.{shell}"
        path.write_text(self.scripts[shell])
        return path

    def bash(self, *words, cwd=None):
        env = dict(os.environ, CIVICWIRE_SOCKET=str(self.folder / "none"))
        done = subprocess.run(["bash", "-c", COMPLETE, "bash", self.script("bash"), PROGRAM, *words], capture_output=True,
                              text=True, cwd=cwd or self.folder, env=env, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return sorted(line for line in done.stdout.split("\n") if line)

    def test_bash_verbs(self):
        self.assertEqual(self.bash(""), sorted(VERBS + ["--help", "--version"]))
        self.assertEqual(self.bash("prob"), ["probe"])
        self.assertEqual(self.bash("nonsense", ""), [])

    def test_bash_options(self):
        """All verbs in one shell: to start it is what takes the time."""
        ask = f"source {self.script('bash')}\n" + "".join(
            f"COMP_WORDS=(civicwire {verb} {word}) COMP_CWORD=2; _civicwire; echo {verb} ${{COMPREPLY[@]}}\n"
            for verb in VERBS for word in ("-", "''"))
        env = dict(os.environ, CIVICWIRE_SOCKET=str(self.folder / "none"))
        done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, cwd=self.folder, env=env, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        lines = [line.split() for line in done.stdout.splitlines()]
        for options, words in zip(lines[::2], lines[1::2]):
            said, taken = help_of(options[0])
            self.assertEqual({o for o in options[1:] if o.startswith("--")}, said, options[0])
            if taken:
                self.assertEqual(set(words[1:]), taken, options[0])
        self.assertEqual(len(lines), 2 * len(VERBS))

    def test_bash_values(self):
        work = self.folder / "work"
        (work / "a folder").mkdir(parents=True)
        (work / "a file").write_text("")
        self.assertEqual(self.bash("parse", "", cwd=work), ["a file", "a folder"])
        self.assertEqual(self.bash("journal", "--config", "a", cwd=work), ["a folder"])
        self.assertEqual(self.bash("journal", "verify", "--journal", "a f", cwd=work), ["a file", "a folder"])
        self.assertEqual(self.bash("tail", "--topic", "", cwd=work), [])
        self.assertEqual(self.bash("tail", "--colour", ""), ["always", "auto", "never"])
        self.assertEqual(self.bash("journal", "b"), ["backup"])
        self.assertEqual(self.bash("feeds", "co"), [], "no daemon, no ids, no complaint")

    def test_zsh(self):
        script = self.script("zsh")
        if not shutil.which("zsh"):
            self.skipTest("there is no zsh here")
        done = subprocess.run(["zsh", "-n", script], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        (self.folder / "_civicwire").write_text(script.read_text())
        load = f"fpath=({self.folder} $fpath); autoload -Uz compinit; compinit -u -d {self.folder}/dump; " \
               "echo $_comps[civicwire]; autoload +X _civicwire && echo loaded"
        done = subprocess.run(["zsh", "-f", "-c", load], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("_civicwire\nloaded\n", ""), done)
        for verb in VERBS:
            for option in help_of(verb)[0]:
                self.assertIn(option, script.read_text())

    def test_fish(self):
        script = self.script("fish")
        if not shutil.which("fish"):
            self.skipTest("there is no fish here")
        env = dict(os.environ, HOME=str(self.folder), XDG_DATA_HOME=str(self.folder), XDG_CONFIG_HOME=str(self.folder))
        asked = f"source {script}; " + "; ".join(f"echo {v}; complete -C 'civicwire {v} --'" for v in VERBS)
        done = subprocess.run(["fish", "--private", "-c", asked], capture_output=True, text=True, env=env)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        offered, verb = {}, None
        for line in done.stdout.splitlines():
            if line in VERBS:
                verb = line
            else:
                offered.setdefault(verb, set()).add(line.split("\t")[0])
        for verb in VERBS:
            self.assertEqual(offered[verb], help_of(verb)[0], verb)

    def test_mistakes(self):
        self.assertIn("which shell", run("completion", code=64))
        self.assertIn("none for 'tcsh'", run("completion", "tcsh", code=64))


class Options(unittest.TestCase):
    """The help names what getopt takes, with and without a value, and nothing else: the scripts are made of it."""
    SOURCE = pathlib.Path(__file__).resolve().parents[3] / "cli"
    ALIASES = {"color"}  # of those who spell it so

    def taken(self, verb):
        text = (self.SOURCE / f"{verb}.c").read_text()
        if "LISTEN_OPTIONS" in text:
            text += (self.SOURCE / "listen.h").read_text().replace("\\\n", "")
        if "question_parse" in text:
            text += (self.SOURCE / "ask-daemon.c").read_text()
        return {(name, kind) for name, kind in re.findall(r'\{\s*"([a-z-]+)",\s*(no|required)_argument', text)
                if name not in self.ALIASES}

    def test_help_is_true(self):
        for verb in VERBS:
            said = set()
            for line in re.findall(r"^ {2,}(-.*)$", run(verb, "--help"), re.M):
                head = line.split("  ")[0]
                for name in re.findall(r"--([a-z-]+)", head):
                    said.add((name, "required" if " " in head.split("--", 1)[1] else "no"))
            self.assertEqual(said, self.taken(verb), verb)


unittest.main()
