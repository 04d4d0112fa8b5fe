"""Two network namespaces and a link between them that can be cut: the network of a test that breaks it.

    namespace.enter()          first of all: the test goes on in a namespace of its own, or is skipped
    with namespace.Link() as link:
        link.here, link.there  the addresses of its two ends
        link.inside(program)   a command that runs at the other end
"""
import contextlib
import os
import subprocess
import sys

import wire

ENTERED = "CIVICWIRE_TEST_NAMESPACE"
# Nobody's: frames to it are lost without a word.
NOBODY = "02:00:00:00:00:99"


def unshare():
    """How a namespace is made by who we are."""
    alone = [wire.need_program("unshare"), "--net"]
    return alone if os.geteuid() == 0 else alone[:1] + ["--user", "--map-root-user", "--net"]


def enter():
    wire.need_program("ip")
    if not os.environ.get(ENTERED):
        if subprocess.run([*unshare(), "true"], capture_output=True).returncode:
            print("skipped: network namespaces are not permitted here")
            sys.exit(wire.SKIP)
        os.environ[ENTERED] = "1"
        os.execv(unshare()[0], [*unshare(), sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class Link:
    here, there = "10.77.0.1", "10.77.0.2"

    def __enter__(self):
        ours = os.readlink("/proc/self/ns/net")
        self.holder = subprocess.Popen([unshare()[0], "--net", "sleep", "infinity"])
        self.path = f"/proc/{self.holder.pid}/ns/net"
        wire.wait_until("the other namespace", lambda: os.readlink(self.path) != ours)
        self.ip("link add cw-here type veth peer name cw-there")
        self.ip(f"link set cw-there netns {self.holder.pid}")
        self.ip("link set lo up", there=True)
        for device, address, there in (("cw-here", self.here, False), ("cw-there", self.there, True)):
            self.ip(f"address add {address}/24 dev {device}", there)
            self.ip(f"link set {device} up", there)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.ip("link delete cw-here")
        self.holder.kill()
        self.holder.wait()

    def inside(self, *program):
        return ["nsenter", f"--net={self.path}", *program]

    def ip(self, command, there=False):
        program = ["ip", *command.split()]
        subprocess.run(self.inside(*program) if there else program, check=True)

    def cut(self, silently=False):
        """No packet passes any more. Either end is told so, or `silently` neither."""
        if silently:
            self.ip(f"neigh replace {self.there} lladdr {NOBODY} nud permanent dev cw-here")
            self.ip(f"neigh replace {self.here} lladdr {NOBODY} nud permanent dev cw-there", there=True)
        else:
            self.ip("link set cw-there down", there=True)

    def mend(self, silently=False):
        if silently:
            self.ip(f"neigh delete {self.there} dev cw-here")
            self.ip(f"neigh delete {self.here} dev cw-there", there=True)
        else:
            self.ip("link set cw-there up", there=True)
