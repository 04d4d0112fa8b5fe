"""Boots a real systemd as process 1 in namespaces of its own, over an overlay that goes away with them:
services start, users are made and packages installed there, and the machine notices nothing. Its network
is a loopback that nobody else has."""
import ctypes
import os
import pathlib
import shutil
import subprocess
import sys

NOT_ALLOWED = 77
MNT_DETACH = 2
NAMESPACES = ["--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "--kill-child"]
# An address that a feed may have; only the loopback in there has it.
FEED_ADDRESS, FEED_HOST = "93.184.216.34", "www.example.org"

UNITS = {
    "civicwire-boot.target": "[Unit]\nRequires=civicwire-boot.service\n",
    # Ends the machine, however it ends itself.
    "civicwire-boot.service": """[Unit]
DefaultDependencies=no
Requires=systemd-journald.service
After=systemd-journald.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
StandardOutput=append:/mnt/output
StandardError=append:/mnt/output
ExecStart=/usr/bin/python3 -u /mnt/checks.py
ExecStopPost=/bin/sh -c 'echo $EXIT_STATUS >/mnt/status'
ExecStopPost=/bin/systemctl poweroff -ff
""",
}


def why_not():
    """Why it cannot be done here; None: it can."""
    if os.geteuid() != 0:
        return "only root may make the namespaces"
    if not pathlib.Path("/lib/systemd/systemd").exists():
        return "systemd is not installed"
    if subprocess.run(["unshare", *NAMESPACES, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        return "namespaces with mounts of their own are not allowed here"
    return None


def boot(share, seconds):
    """Runs share/checks.py in there, with `share` as /mnt; its exit status. What it printed is in
    share/output."""
    with open(share / "console", "wb") as console:
        subprocess.run(["unshare", *NAMESPACES, sys.executable, __file__, share], stdin=subprocess.DEVNULL,
                       stdout=console, stderr=console, timeout=seconds, check=False)
    status = share / "status"
    if not status.exists():
        raise AssertionError("it did not get as far as the checks:\n" +
                             (share / "console").read_text(errors="replace")[-3000:])
    return int(status.read_text())


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def make_root(share):
    work = share / "overlay"
    work.mkdir()
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "tmpfs", work)
    upper, scratch, root = work / "upper", work / "scratch", work / "root"
    for folder in (upper, scratch, root):
        folder.mkdir()
    mount("-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={upper},workdir={scratch}", root)
    mount("--bind", share, root / "mnt")
    mount("-t", "proc", "proc", root / "proc")
    mount("-t", "sysfs", "sysfs", root / "sys")
    for folder in ("sys/fs/cgroup", "dev"):
        mount("--rbind", pathlib.Path("/") / folder, root / folder)
    # There is nobody to download from: what apt knows of is what is installed.
    for folder in ("run", "tmp", "var/tmp", "var/lib/apt/lists"):
        mount("-t", "tmpfs", "tmpfs", root / folder)
    return root


def furnish(root):
    # What this machine has switched on is not what is looked at.
    shutil.rmtree(root / "etc/systemd/system")
    for folder in ("etc/systemd/system", "run/systemd/system"):
        (root / folder).mkdir(parents=True)
    for name, text in UNITS.items():
        (root / "run/systemd/system" / name).write_text(text)
    # Images for containers forbid packages to start services.
    (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    hosts = root / "etc/hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{FEED_ADDRESS} {FEED_HOST}\n")
    for arguments in (["link", "set", "lo", "up"], ["address", "add", f"{FEED_ADDRESS}/32", "dev", "lo"]):
        subprocess.run(["ip", *arguments], check=True)


def enter(root):
    """Not by chroot(2): within one the kernel refuses user namespaces, and so PrivateUsers."""
    libc = ctypes.CDLL(None, use_errno=True)
    os.chdir(root)
    subprocess.run(["pivot_root", ".", "."], check=True)
    if libc.umount2(b".", MNT_DETACH) != 0:  # the old one lies over the new one
        raise OSError(ctypes.get_errno(), "cannot leave the old root")
    os.chdir("/")


def become_init(share):
    root = make_root(share)
    furnish(root)
    enter(root)
    os.execve("/lib/systemd/systemd", ["systemd", "--system", "--unit=civicwire-boot.target", "--log-target=journal"],
              {"container": "unshare", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


if __name__ == "__main__":
    become_init(pathlib.Path(sys.argv[1]))
