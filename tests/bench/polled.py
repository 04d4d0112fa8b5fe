"""What polling is measured over: one real nginx that is two hundred hosts (addresses of the loopback), and the real daemon that
polls them, with nothing between."""
import os
import pathlib
import shutil
import subprocess
import time

import rig
from rig import wire

HOSTS = 200
ADDRESSES = [f"127.77.0.{n}" for n in range(1, HOSTS + 1)]
FLUSH_S = 0.2  # nginx writes its log in pieces; so long after a reply its line is there
SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def make_certificates(folder):
    """An authority, and one certificate for all hosts; the file of what is trusted: what the system trusts, and the authority, so
    that reading it costs what it costs elsewhere."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *ec, "-keyout", "authority.key", "-out", "authority.pem", "-days", "2", "-subj", "/CN=bench authority")
    openssl("req", *ec, "-keyout", "hosts.key", "-out", "hosts.csr", "-subj", "/CN=bench hosts")
    (folder / "names").write_text("subjectAltName=" + ",".join(f"IP:{a}" for a in ADDRESSES) + "\n")
    openssl("x509", "-req", "-in", "hosts.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "hosts.pem")
    system = pathlib.Path(SYSTEM_AUTHORITIES)
    trusted = folder / "trusted.pem"
    trusted.write_text((system.read_text() if system.exists() else "") + (folder / "authority.pem").read_text())
    return trusted


class Hosts(wire.Nginx):
    """Four ports on each address: http, https, and https that closes after each reply, where each poll shakes hands: in full, for
    it knows no session again, and where it does."""

    def __init__(self, work, root):
        self.port, self.tls, self.fresh, self.known = (wire.free_port() for _ in range(4))
        self.work, self.root = pathlib.Path(work) / "nginx", root
        self.work.mkdir()
        os.chmod(work, 0o755)
        self.trusted = make_certificates(self.work)
        self.log = self.work / "access.log"
        temporary = "".join(f"{what}_temp_path {self.work}/{what}; " for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))

        def server(port, more):
            listen = "\n".join(f"listen {a}:{port} backlog=1024{' ssl' if more else ''};" for a in ["127.0.0.1", *ADDRESSES])
            return f"server {{ {listen}\n{more} root {root}; }}\n"
        tls = f"ssl_certificate {self.work}/hosts.pem; ssl_certificate_key {self.work}/hosts.key; ssl_session_cache off;"
        (self.work / "nginx.conf").write_text(f"""{'user root;' if os.geteuid() == 0 else ''}
daemon off; worker_processes 1; pid {self.work}/pid; error_log {self.work}/error.log; worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    log_format bench '$msec $status $server_port $connection_requests';
    access_log {self.log} bench buffer=64k flush={int(FLUSH_S * 1000)}ms;
    types {{ application/xml xml; }}
    sendfile on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 600s; {temporary}
    {server(self.port, '')}
    {server(self.tls, tls)}
    {server(self.fresh, tls + ' ssl_session_tickets off; keepalive_timeout 0;')}
    {server(self.known, tls.replace("off", "shared:bench:10m") + ' keepalive_timeout 0;')}
}}
""")

    def urls(self, n, names, port=None):
        """n URLs, spread over the hosts: the names in turn, told apart by a query that nginx does not look at."""
        port = port or self.port
        scheme = "http" if port == self.port else "https"
        return [f"{scheme}://{ADDRESSES[i % HOSTS]}:{port}/{names[i // HOSTS % len(names) if len(names) < n else i]}?{i}"
                for i in range(n)]

    def mark(self):
        """Where the log ends once all that was asked for is in it."""
        time.sleep(2 * FLUSH_S)
        return self.log.stat().st_size

    def since(self, mark):
        """(time, status, requests on its connection so far) of each reply since the mark."""
        time.sleep(2 * FLUSH_S)
        with open(self.log) as log:
            log.seek(mark)
            rows = [line.split() for line in log]
        return [(float(at), int(status), int(nth)) for at, status, _, nth in rows]


def confined_mounts():
    """The command before one that may put a file over another that only it sees; [] if the system does not let us."""
    command = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    return command if shutil.which("unshare") and subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode == 0 else []


class Poller(wire.Daemon):
    """civicwired that polls URLs, as many at a time as it may, and trusts the hosts' authority."""

    # A poll holds its place until it is journaled: this many share the commit that is under way.
    PARALLEL, PER_HOST = 200, 1

    def __init__(self, work, hosts, urls, interval):
        self.trusted = hosts.trusted
        self.n = len(urls)
        self.is_tls = urls[0].startswith("https:")
        ports = {url.split("/")[2].split(":")[1] for url in urls}
        settings = f"fetch: {{ parallel: {self.PARALLEL} }}\nhosts:\n" + "".join(
            f"  - {{ host: '{a}:{p}', gap: 0ms, parallel: {self.PER_HOST} }}\n" for a in ADDRESSES for p in ports)
        super().__init__(work, {f"f{i}": url for i, url in enumerate(urls)}, interval, settings, feed_lines="ignore_hints: true\n"
                         "allow_net: [\"127.0.0.0/8\"]")

    def start(self, *options):
        if not self.is_tls:
            return super().start(*options)
        self.log = open(self.log_path, "ab")
        script = f'mount --bind "$1" "$(readlink -f {SYSTEM_AUTHORITIES})" && shift && exec "$@"'
        self.process = subprocess.Popen(
            [*confined_mounts(), "sh", "-c", script, "sh", self.trusted, wire.DAEMON, "--config", self.config, "--state", self.state],
            stdout=self.log, stderr=self.log, env=wire.environment())
        return self

    def wait_polled(self):
        """Waits until each feed has been polled and the journal has it."""
        def done():
            status = self.status_or_none()
            return status and status["counters"]["civicwire_polls_total"] >= self.n and status["feeds"]["fine"] == self.n
        wire.wait_until("each feed to be polled", done, seconds=120)

    def wait_swept(self):
        """Likewise; CPU seconds of the daemon and the bus since they began."""
        self.wait_polled()
        return self.cpu_s()

    def cpu_s(self):
        return rig.cpu_seconds(self.process.pid) + rig.cpu_seconds(rig.bus_pid(self))
