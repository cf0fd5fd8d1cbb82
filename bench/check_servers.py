#!/usr/bin/env python3
"""Holds echo servers to their contract: `check_servers.py PROGRAM [ARGUMENT...]`, exit 1 on a breach.

What is measured must be right first: bytes that a slow reader has not taken, half-closed and reset
connections, and a process that has run out of descriptors are where fast servers cheat.
"""
import os
import resource
import socket
import struct
import subprocess
import sys
import threading
import time

PATIENCE_SECONDS = 20


class Server:
    """A running server; `descriptors` limits how many it may have."""

    def __init__(self, command, descriptors=None):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=limit)
        words = self.process.stdout.readline().split()
        assert len(words) == 2 and words[0] == "listening", f"it announced {words}"
        host, _, port = words[1].rpartition(":")
        self.address = (host, int(port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.process.poll() is None, f"it died with {self.process.returncode}"
        self.process.terminate()
        assert self.process.wait(PATIENCE_SECONDS) == 0, "SIGTERM did not end it with 0"

    def connect(self):
        return socket.create_connection(self.address, PATIENCE_SECONDS)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def receive_exactly(connection, count):
    received = bytearray()
    while len(received) < count:
        some = connection.recv(min(1 << 16, count - len(received)))
        assert some, f"end of file after {len(received)} of {count} bytes"
        received += some
    return bytes(received)


def must_echo(connection, text=b"hello"):
    connection.sendall(text)
    assert receive_exactly(connection, len(text)) == text, "other bytes came back"


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def bulk_and_half_close(command):
    """Echoes 32 MiB that are read while they are sent, then sees end of file and answers with it."""
    text = os.urandom(1 << 20) * 32
    with Server(command) as server, server.connect() as connection:
        def send():
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        assert receive_exactly(connection, len(text)) == text, "other bytes came back"
        assert connection.recv(1) == b"", "more than was sent came back"
        sender.join()


def last_bytes_and_end_of_file_at_once(command):
    """A request whose end of file comes with it is echoed too."""
    with Server(command) as server:
        for _ in range(200):
            with server.connect() as connection:
                connection.sendall(b"last words" * 100)
                connection.shutdown(socket.SHUT_WR)
                assert receive_exactly(connection, 1000) == b"last words" * 100
                assert connection.recv(1) == b""


def slow_readers(command):
    """Peers that send until nobody takes more, then read: all is there, and others are served."""
    with Server(command) as server, server.connect() as other:
        peers = []
        for index in range(300):
            peer = server.connect()
            peer.setblocking(False)
            text = struct.pack("<I", index) * (1 << 16)
            sent = 0
            try:
                while sent < 64 * len(text):
                    sent += peer.send(text[sent % len(text):])
            except BlockingIOError:
                pass
            peers.append((peer, text, sent))
            must_echo(other)
        for peer, text, sent in peers:
            peer.setblocking(True)
            peer.settimeout(PATIENCE_SECONDS)
            expected = (text * (sent // len(text) + 1))[:sent]
            assert receive_exactly(peer, sent) == expected, "other bytes came back"
            peer.close()
        must_echo(other)


def resets(command):
    """Connections reset at any point leave the others alone."""
    with Server(command) as server, server.connect() as other:
        for index in range(300):
            peer = server.connect()
            peer.setblocking(False)
            try:
                for _ in range(index % 50):
                    peer.send(b"x" * 65536)
            except BlockingIOError:
                pass
            reset(peer)
            must_echo(other)


def out_of_descriptors(command):
    """At its limit it serves those it has without spinning, and takes new ones when some leave."""
    with Server(command, descriptors=40) as server:
        peers = [server.connect() for _ in range(60)]
        must_echo(peers[0])
        time.sleep(0.5)
        before = server.cpu_seconds()
        time.sleep(1)
        spent = server.cpu_seconds() - before
        assert spent < 0.2, f"it used {spent:.2f} s of CPU in a second of doing nothing"
        must_echo(peers[0])
        for peer in peers:
            peer.close()
        with server.connect() as late:
            must_echo(late)


def wrong_arguments(command):
    """Refuses with 2 and says why."""
    for wrong in (["--port", "http"], ["--port", "65536"], ["--host", "nowhere"], ["--colour"]):
        done = subprocess.run(command + wrong, capture_output=True, text=True, timeout=5)
        assert done.returncode == 2 and done.stderr, f"{wrong}: exit {done.returncode}"


CHECKS = [bulk_and_half_close, last_bytes_and_end_of_file_at_once, slow_readers, resets,
          out_of_descriptors, wrong_arguments]


def main():
    if len(sys.argv) < 2:
        print("usage: check_servers.py PROGRAM [ARGUMENT...]", file=sys.stderr)
        sys.exit(2)
    failed = 0
    for check in CHECKS:
        try:
            check(sys.argv[1:])
            print(f"ok      {check.__name__}")
        except (AssertionError, OSError, subprocess.SubprocessError) as failure:
            failed += 1
            print(f"FAILED  {check.__name__}: {failure or repr(failure)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
