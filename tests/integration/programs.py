"""What the tests of whole programs share: starting `ft`, and looking at it from outside."""
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

FT = os.environ["FT_PROGRAM"]
SANITIZED = bool(os.environ.get("FT_SANITIZE"))
BACKENDS = ("io_uring", "epoll", "poll", "select")

# How long anything may take that should take no time; only a test that fails waits so long.
GIVE_UP = 60

# For a program that is to run out of descriptors: looking for leaks needs some of its own.
SHORT_OF_DESCRIPTORS = {"ASAN_OPTIONS": "detect_leaks=0"}

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def run(*arguments, stdin="", prefix=(), env=None, **rest):
    """Runs `ft ARGUMENTS` to its end; what it printed is text."""
    return subprocess.run([*prefix, FT, *arguments], input=stdin, capture_output=True, text=True,
                          timeout=GIVE_UP, env={**os.environ, **(env or {})}, **rest)


def wait_until(condition, what="it"):
    """Looks until `condition()` is true, and gives what that was."""
    give_up = time.monotonic() + GIVE_UP
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > give_up:
            raise AssertionError(f"{what} did not happen within {GIVE_UP} s")
        time.sleep(0.01)


def need(program):
    """Skips the test where `program` is not installed."""
    if shutil.which(program) is None:
        raise unittest.SkipTest(f"{program} is not installed")


def own_network():
    """Moves this process, and what it starts from now on, into a network of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET) != 0:
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            raise unittest.SkipTest("network namespaces are forbidden here: " +
                                    os.strerror(ctypes.get_errno()))
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    need("ip")
    command("ip link set lo up")


def command(line):
    """Runs a command that must succeed; gives what it printed."""
    done = subprocess.run(line.split(), capture_output=True, text=True, timeout=GIVE_UP)
    if done.returncode != 0:
        raise AssertionError(f"{line}: {done.stderr}")
    return done.stdout


def sysctl(name, value):
    pathlib.Path("/proc/sys", name.replace(".", "/")).write_text(str(value))


def receive_exactly(peer, count):
    got = bytearray()
    while len(got) < count:
        some = peer.recv(min(count - len(got), 1 << 20))
        if not some:
            raise AssertionError(f"the stream ended after {len(got)} of {count} bytes")
        got += some
    return bytes(got)


class Server:
    """An `ft echo`, from its start to its end; `backend` None leaves the choice to it."""

    def __init__(self, *arguments, backend=None, address="127.0.0.1:0", prefix=(), env=None):
        words = [*prefix, FT, "echo", address, "--json", *arguments]
        if backend is not None:
            words += ["--backend", backend]
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True,
                                        env={**os.environ, **(env or {})})
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.process.wait(GIVE_UP)
            raise AssertionError(f"{words} did not start: {line}{self.said()}")
        self.where = line.removeprefix("listening on ").strip()
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and self.process.poll() is None:
            self.stop()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    @property
    def address(self):
        """As Python's sockets want it."""
        if self.where.startswith("unix:@"):
            return "\0" + self.where[len("unix:@"):]
        if self.where.startswith("unix:"):
            return self.where[len("unix:"):]
        host, port = self.where.rsplit(":", 1)
        return host.strip("[]"), int(port)

    def connect(self, timeout=GIVE_UP):
        family = (socket.AF_UNIX if isinstance(self.address, str) else
                  socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
        peer = socket.socket(family)
        peer.settimeout(timeout)
        try:
            peer.connect(self.address)
        except OSError:
            peer.close()
            raise
        return peer

    def answers(self, text=b"are you there?"):
        """Whether a new connection is accepted and gets its bytes back."""
        with self.connect() as peer:
            peer.sendall(text)
            return receive_exactly(peer, len(text)) == text

    def said(self):
        """What is on its standard error so far."""
        self.errors.seek(0)
        return self.errors.read()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def own_memory(self):
        """Bytes that belong to it alone."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        return 0

    def stop(self):
        """Ends it by SIGTERM; its counters. Fails where it did not end well."""
        self.process.terminate()
        try:
            report = self.process.stdout.read()
            code = self.process.wait(GIVE_UP)
        except subprocess.TimeoutExpired:
            raise AssertionError("the server does not end") from None
        if code != 0:
            raise AssertionError(f"the server ended with {code}: {self.said()}")
        return json.loads(report)


def on_backends(module, cases, backends=BACKENDS):
    """Makes of `cases` a TestCase for each backend: `Clients` becomes `Clients_epoll` and so on."""
    for backend in backends:
        name = f"{cases.__name__}_{backend}"
        module[name] = type(name, (cases, unittest.TestCase),
                            {"backend": backend, "__module__": module["__name__"]})


@contextlib.contextmanager
def temporary_folder():
    with tempfile.TemporaryDirectory(prefix="ft-test-") as folder:
        yield folder
