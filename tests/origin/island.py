"""A network of our own around a test: only loopback, but every address of IPv4 and IPv6 is local, so that what a client must
not reach could in fact be reached. With it come files of our own in the place of /etc/resolv.conf, /etc/hosts and the
authorities that TLS trusts: the program under test needs no back door, and knows nothing of it."""
import os
import pathlib
import subprocess
import sys
import tempfile

SKIP = 77
INSIDE = "CIVICWIRE_ON_ISLAND"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def enter():
    """Starts this program again on an island, and does not come back; on the island it returns at once."""
    if os.environ.get(INSIDE):
        prepare()
        return
    options = ["--net", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    for what in (["unshare", *options, "true"], ["ip", "-V"]):
        try:
            run(*what)
        except (OSError, subprocess.CalledProcessError):
            print(f"skipped: '{' '.join(what)}' does not work here; a network namespace is needed")
            sys.exit(SKIP)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", *options, sys.executable, *sys.argv])


def prepare():
    run("ip", "link", "set", "lo", "up")
    run("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo")
    run("ip", "-6", "route", "add", "local", "::/0", "dev", "lo")


def replace(path, text):
    """Puts a file of ours over one of the system's; seen by this test and what it starts, gone with them."""
    if not os.path.exists(path):
        print(f"skipped: this system has no {path}, in whose place a file of the test's would be put")
        sys.exit(SKIP)
    with tempfile.NamedTemporaryFile("w", prefix="island-") as file:
        file.write(text)
        file.flush()
        os.chmod(file.name, 0o644)
        run("mount", "--bind", file.name, os.path.realpath(path))


def use_names(hosts="127.0.0.1 localhost\n::1 localhost\n", timeout_s=2):
    replace("/etc/resolv.conf", f"nameserver 127.0.0.1\noptions attempts:1 timeout:{timeout_s}\n")
    replace("/etc/hosts", hosts)


def trust(certificate):
    replace(AUTHORITIES, pathlib.Path(certificate).read_text())
