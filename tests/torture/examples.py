#!/usr/bin/env python3
"""Each example under torture: examples.py FOLDER [NAME...].

Call after call of its loops is made to fail, one a run. The example may then say so and exit with 1,
but must not crash, hang or assert. A server is talked to and then asked to end.
"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 20  # Seconds in which every run has ended.
MOST_CALLS = 60  # Of a program that makes more, the first are tortured.
PROGRAMS = pathlib.Path()

# What each is given; BEHIND is the address of an echo server without torture.
ANY = "127.0.0.1:0"
BEHIND = "BEHIND"
SERVERS = {"01_echo_server": [ANY], "04_graceful_stop": [], "05_forward": [ANY, BEHIND]}
OTHERS = {"02_client_with_deadline": [BEHIND], "03_framed_messages": [], "07_task_tree": [],
          "08_datagrams": []}
# Not every one catches the signal that ends it.
GOOD_ENDS = (0, 1, -signal.SIGTERM)


def talk(address):
    """As much as comes of it."""
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), 1) as peer:
            peer.settimeout(0.2)
            peer.sendall(b"hello\n")
            peer.recv(100)
    except OSError:
        pass


def run(name, number, behind):
    """What was done to the program; "" where it made fewer calls."""
    with tempfile.NamedTemporaryFile("r") as says:
        environment = dict(os.environ, FT_TORTURE=str(number), FT_TORTURE_SAYS=says.name)
        arguments = [behind if each == BEHIND else each for each in (SERVERS | OTHERS)[name]]
        process = subprocess.Popen([PROGRAMS / f"tortured_{name}", *arguments], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment)
        try:
            if name in SERVERS:
                words = process.stdout.readline().split()
                if words:
                    talk(words[-1])
                    process.send_signal(signal.SIGTERM)
            printed, complained = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            sys.exit(f"{name}, call {number}: {says.read()}: it never ends")
        done = says.read()
        if process.returncode not in GOOD_ENDS:
            sys.exit(f"{name}, call {number}: {done}: it ended with {process.returncode}:\n"
                     f"{printed}{complained}")
        return done


def torture(name, behind):
    began = time.monotonic()
    number = 1
    while number <= MOST_CALLS and run(name, number, behind):
        number += 1
    took = time.monotonic() - began
    print(f"{name}: {number - 1} calls failed, one a run; {took:.1f} s", flush=True)


def main():
    global PROGRAMS
    PROGRAMS = pathlib.Path(sys.argv[1])
    with subprocess.Popen([PROGRAMS / "tortured_01_echo_server", ANY], text=True,
                          stdout=subprocess.PIPE) as echo:
        try:
            behind = echo.stdout.readline().split()[-1]
            for name in sys.argv[2:] or sorted(SERVERS | OTHERS):
                torture(name, behind)
        finally:
            echo.kill()


if __name__ == "__main__":
    main()
