"""What the tests of `ft relay` and `ft cat` share: programs that relay, and peers on both sides."""
import os
import random
import re
import socket
import subprocess
import threading

import programs
from programs import FT, GIVE_UP

LARGE = random.Random(7).randbytes(3 << 20)
INPUTS = {"nothing": b"", "one byte": b"x", "a line": b"hello\n", "megabytes": LARGE}


class Program:
    """A program that was started, with what it says on standard error kept line by line."""

    def __init__(self, words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        self.process = subprocess.Popen(words, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)
        self.lines = []
        self.more = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.more:
                self.lines.append(line.decode(errors="replace"))
                self.more.notify_all()
        with self.more:
            self.lines.append("")  # Its end.
            self.more.notify_all()

    def wait_for(self, pattern):
        """The first group of the first line that matches."""
        def found():
            for line in self.lines:
                match = re.search(pattern, line)
                if match:
                    return match
            return self.lines and self.lines[-1] == ""
        with self.more:
            match = self.more.wait_for(found, GIVE_UP)
        if match is True or not match:
            raise AssertionError(f"no line {pattern!r} in {self.lines}")
        return match[1]

    def said(self):
        return "".join(self.lines)

    def end(self):
        """Waits until it has ended; its exit code."""
        code = self.process.wait(GIVE_UP)
        self.reader.join(GIVE_UP)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join(GIVE_UP)
        for file in (self.process.stdin, self.process.stdout, self.process.stderr):
            if file is not None:
                file.close()


def ft_relay(*arguments, backend=None, **rest):
    """A running `ft relay --verbose`."""
    words = [FT, "relay", "--verbose", *arguments]
    if backend is not None:
        words += ["--backend", backend]
    return Program(words, **rest)


def socat(*arguments, **rest):
    programs.need("socat")
    return Program(["socat", "-d", "-d", "-t", str(GIVE_UP), *arguments], **rest)


def address_in(text):
    """An address as ft writes it, as Python wants it."""
    if text.startswith("unix:@"):
        return socket.AF_UNIX, "\0" + text[len("unix:@"):]
    if text.startswith("unix:"):
        return socket.AF_UNIX, text[len("unix:"):]
    host, port = text.rsplit(":", 1)
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    return family, (host.strip("[]").replace("::ffff:", ""), int(port))


def connect(text, kind=socket.SOCK_STREAM):
    family, address = address_in(text)
    peer = socket.socket(family, kind)
    peer.settimeout(GIVE_UP)
    peer.connect(address)
    return peer


def listen(family=socket.AF_INET, address=("127.0.0.1", 0), kind=socket.SOCK_STREAM):
    """A listener that gives up in the end."""
    server = socket.socket(family, kind)
    server.bind(address)
    server.listen()
    server.settimeout(GIVE_UP)
    return server


def receive_all(peer):
    got = bytearray()
    while some := peer.recv(1 << 16):
        got += some
    return bytes(got)


class Answerer:
    """A server of one connection: reads to its end, then answers and closes."""

    def __init__(self, answer, **where):
        self.server = listen(**where)
        self.answer = answer
        self.got = None
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    @property
    def address(self):
        name = self.server.getsockname()
        return name if isinstance(name, str) else f"{name[0]}:{name[1]}"

    def _serve(self):
        peer, _ = self.server.accept()
        peer.settimeout(GIVE_UP)
        with peer:
            self.got = receive_all(peer)
            peer.sendall(self.answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.thread.join(GIVE_UP)
        self.server.close()


def ask(peer, question):
    """Sends all of `question` and the end, while reading; what came back until the end."""
    def send():
        peer.sendall(question)
        peer.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    answer = receive_all(peer)
    sender.join(GIVE_UP)
    return answer


def own_memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def unique_name(text):
    return f"ft-test-{os.getpid()}-{text}"
