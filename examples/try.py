#!/usr/bin/env python3
"""Runs one example as its reader would and checks what it does: try.py NAME FOLDER-OF-PROGRAMS."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE = 60  # Seconds after which something that did not happen will not happen.
PROGRAMS = pathlib.Path()


def start(name, *arguments):
    return subprocess.Popen([PROGRAMS / f"example_{name}", *arguments], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class Server:
    """An example that listens, while it is tried; `address` is where."""

    def __init__(self, name, *arguments):
        self.process = start(name, *arguments)

    def __enter__(self):
        self.address = self.process.stdout.readline().split()[-1]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def connect(self):
        host, port = self.address.rsplit(":", 1)
        return socket.create_connection((host, int(port)), PATIENCE)

    def stop(self):
        """What it prints when it is asked to end."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self):
        printed, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, f"it exited with {self.process.returncode}"
        return printed.strip()


def run(name, *arguments):
    """Exit code, standard output, standard error."""
    process = start(name, *arguments)
    printed, complained = process.communicate(timeout=PATIENCE)
    return process.returncode, printed.strip(), complained.strip()


def expect(got, wanted):
    assert got == wanted, f"expected {wanted!r}, not {got!r}"


def echoes(peer, data):
    peer.sendall(data)
    got = b""
    while len(got) < len(data):
        more = peer.recv(65536)
        assert more, "the stream ended early"
        got += more
    expect(got, data)


def receives_until_end(peer):
    got = b""
    while more := peer.recv(65536):
        got += more
    return got


def echo_server():
    with Server("01_echo_server", "127.0.0.1:0") as server:
        with server.connect() as one, server.connect() as other:
            echoes(one, b"first")
            echoes(other, b"x" * 100_000)
            echoes(one, b"second")
    expect(run("01_echo_server", "127.0.0.1"), 
           (1, "", "error: address \"127.0.0.1\": it has no port; write it as ADDRESS:PORT"))


def client(name):
    with Server("01_echo_server", "127.0.0.1:0") as server:
        expect(run(name, server.address), (0, "are you there?", ""))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        late = f"error: recv {address}: the time limit ran out"
        expect(run(name, address), (1, "", late))
    refused = f"error: connect {address}: Connection refused"
    expect(run(name, address), (1, "", refused))


def framed_messages():
    expect(run("03_framed_messages"),
           (0, "type 1: hello\ntype 2: that was all\n2 messages", ""))


def graceful_stop():
    with Server("04_graceful_stop") as server, server.connect() as peer:
        echoes(peer, b"hello")
        server.process.send_signal(signal.SIGTERM)
        while True:  # It has seen the signal when it accepts nobody any more.
            try:
                server.connect().close()
            except ConnectionError:
                break
        echoes(peer, b"still served")
        peer.shutdown(socket.SHUT_WR)
        expect(peer.recv(1), b"")
        expect(server.ended(), "all had finished")
    with Server("04_graceful_stop") as server, server.connect() as peer:
        echoes(peer, b"hello")
        expect(server.stop(), "some were cut short")
        expect(peer.recv(1), b"")


def forward():
    with Server("01_echo_server", "127.0.0.1:0") as behind, \
            Server("05_forward", "127.0.0.1:0", behind.address) as server:
        with server.connect() as one, server.connect() as other:
            echoes(one, b"through two sockets")
            other.sendall(b"bytes, then the end")
            other.shutdown(socket.SHUT_WR)
            expect(receives_until_end(other), b"bytes, then the end")
            echoes(one, b"y" * 300_000)


def task_tree():
    code, printed, complained = run("07_task_tree")
    expect((code, complained), (0, ""))
    for waits in ("branch of 07_task_tree.cc:", ": accept on 127.0.0.1:", ": recv on tcp 127.0.0.1:",
                  " left"):
        assert waits in printed, f"{waits!r} is not in:\n{printed}"


def datagrams():
    code, printed, complained = run("08_datagrams")
    expect((code, complained), (0, ""))
    expect(printed.splitlines()[0], "no answer to try 1")
    expect(printed.splitlines()[-1], "answer: are you there?")


def ping():
    code, printed, complained = run("09_ping", "127.0.0.1")
    if "neither raw sockets" in complained:
        expect((code, printed), (1, ""))  # This user may not; that was said.
        return
    expect((code, complained), (0, ""))
    lines = printed.splitlines()
    assert lines[0] in ("by a raw socket", "by a ping socket"), lines[0]
    assert lines[1].startswith("64 bytes from 127.0.0.1: icmp_seq=1 ttl="), lines[1]
    expect(lines[6], "5 of 5 answered")


def watch_addresses():
    # In a network of its own, where there is a loopback device and nothing happens by itself.
    alone = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    prefix = ["unshare", "--net"] if alone.returncode == 0 else []
    process = subprocess.Popen([*prefix, PROGRAMS / "example_10_watch_addresses"], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        for line in process.stdout:
            if line == "watching\n":
                break
        if prefix:
            there = ["nsenter", "--net", "--target", str(process.pid)]
            subprocess.run([*there, "ip", "address", "add", "10.1.0.1/24", "dev", "lo"], check=True)
            expect(process.stdout.readline(), "added inet 10.1.0.1/24 scope global lo\n")
    finally:
        process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=PATIENCE)
    expect((process.returncode, complained), (0, ""))


def tell(control, command):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE)
        peer.connect(control)
        peer.sendall(command + b"\n")
        return receives_until_end(peer)


def safe_server():
    with tempfile.TemporaryDirectory() as folder, \
            Server("11_safe_server", "127.0.0.1:0", "2", f"{folder}/control") as server:
        with server.connect() as one, server.connect() as other:
            echoes(one, b"a line\n")
            echoes(other, b"two\nlines\n")
            assert tell(f"{folder}/control", b"connections").startswith(b"2 connections\n")
            one.sendall(b"x" * 2000)  # Longer than a line may be.
            expect(receives_until_end(one), b"")
            server.process.send_signal(signal.SIGTERM)
            expect(receives_until_end(other), b"closed: drained\n")
            expect(server.ended(), "")


def processes():
    with tempfile.TemporaryDirectory() as folder, \
            Server("13_processes", "127.0.0.1:0", "2", f"{folder}/control") as server:
        with contextlib.ExitStack() as peers:
            held = [peers.enter_context(server.connect()) for _ in range(20)]
            for each in held:
                echoes(each, b"hello")
            workers = tell(f"{folder}/control", b"workers").decode().splitlines()
            expect(len(workers), 2)
            counts = [int(each.split("connections ")[1].split()[0]) for each in workers]
            expect(sum(counts), 20)
            os.kill(int(workers[0].split("process ")[1].split()[0]), signal.SIGKILL)
            expect(server.process.stdout.readline(), "worker 0 was killed by signal 9 (Killed)\n")
            broken = 0
            for each in held:
                try:
                    echoes(each, b"still there")
                except (OSError, AssertionError):
                    broken += 1
            expect(broken, counts[0])
            for _ in range(10):
                with server.connect() as peer:
                    echoes(peer, b"a new one")
        server.process.send_signal(signal.SIGTERM)
        expect(server.process.wait(PATIENCE), 0)


def connects_all_the_time(address, stop, results):
    """Connects and asks until it is told to stop; notes what came of each."""
    host, port = address.rsplit(":", 1)
    while not stop.is_set():
        try:
            with socket.create_connection((host, int(port)), PATIENCE) as peer:
                echoes(peer, b"are you there?")
            results.append(None)
        except (OSError, AssertionError) as wrong:
            results.append(wrong)


def restart():
    with tempfile.TemporaryDirectory() as folder:
        control = f"{folder}/successor"
        with contextlib.ExitStack() as servers:
            old = servers.enter_context(Server("12_restart", "127.0.0.1:0", control))
            open_before = old.connect()
            echoes(open_before, b"before")
            stop, results = threading.Event(), []
            clients = [threading.Thread(target=connects_all_the_time,
                                        args=(old.address, stop, results)) for _ in range(4)]
            for each in clients:
                each.start()
            for _ in range(5):
                new = servers.enter_context(Server("12_restart", "127.0.0.1:0", control))
                expect(new.address, old.address)
                echoes(open_before, b"the old one finishes with those that it has")
                open_before.close()
                old.ended()
                before = len(results)
                while len(results) < before + 50:
                    time.sleep(0.01)
                old, open_before = new, new.connect()
            stop.set()
            for each in clients:
                each.join()
            open_before.close()
            expect([each for each in results if each is not None], [])
            old.stop()
        if shutil.which("systemd-socket-activate"):
            activated(f"{folder}/other")


def activated(control):
    """Started by the first who comes, with a listener that it did not open."""
    with socket.create_server(("127.0.0.1", 0)) as free:  # The manager wants a port that it knows.
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["systemd-socket-activate", f"--listen=127.0.0.1:{port}", "--fdname=echo",
         PROGRAMS / "example_12_restart", "127.0.0.1:1", control],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        while True:
            try:
                peer = socket.create_connection(("127.0.0.1", port), PATIENCE)
                break
            except ConnectionRefusedError:
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.01)
        with peer:
            echoes(peer, b"are you there?")
        expect(process.stdout.readline(), f"listening on 127.0.0.1:{port}\n")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    expect(process.returncode, 0)


def rung(name, at_once):
    """A rung of the ladder, with so many connections at a time."""
    with Server(f"ladder_{name}") as server:
        peers = [server.connect() for _ in range(at_once)]
        for each in peers:
            echoes(each, b"hello")
        with peers[0] as first:
            data = bytes(range(256)) * 8_000
            sender = threading.Thread(target=first.sendall, args=(data,))
            sender.start()
            got = b""
            while len(got) < len(data):
                more = first.recv(65536)
                assert more, "the stream ended early"
                got += more
            sender.join()
            assert got == data, "other bytes came back"
            first.shutdown(socket.SHUT_WR)
            expect(first.recv(1), b"")
        for each in peers[1:]:
            each.close()
        with server.connect() as late:
            echoes(late, b"still there")
        expect(server.stop(), "")


TRIES = {
    "01_echo_server": echo_server,
    "02_client_with_deadline": lambda: client("02_client_with_deadline"),
    "03_framed_messages": framed_messages,
    "04_graceful_stop": graceful_stop,
    "05_forward": forward,
    "06_blocking_client": lambda: client("06_blocking_client"),
    "07_task_tree": task_tree,
    "08_datagrams": datagrams,
    "09_ping": ping,
    "10_watch_addresses": watch_addresses,
    "11_safe_server": safe_server,
    "12_restart": restart,
    "13_processes": processes,
    "ladder_1_iterative": lambda: rung("1_iterative", 1),
    "ladder_2_threads": lambda: rung("2_threads", 100),
    "ladder_3_poll": lambda: rung("3_poll", 100),
    "ladder_4_epoll_edge": lambda: rung("4_epoll_edge", 100),
    "ladder_5_io_uring": lambda: rung("5_io_uring", 100),
    "ladder_6_server": lambda: rung("6_server", 100),
}


def main():
    global PROGRAMS
    name, PROGRAMS = sys.argv[1], pathlib.Path(sys.argv[2])
    if name not in TRIES:
        sys.exit(f"error: examples/try.py does not say how {name} is tried")
    TRIES[name]()


if __name__ == "__main__":
    main()
