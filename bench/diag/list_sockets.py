#!/usr/bin/env python3
"""Lists many sockets with `ft ss` and with iproute2's `ss`, in turns; prints what each took.

    bench/diag/list_sockets.py build/release/tools/ft [SOCKETS] [ROUNDS]

Both tell TCP sockets with their processes and all that TCP knows, into a file. Times are medians of
the rounds; the last line is what `ft ss` takes of the time of `ss`.
"""
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HOLDERS = 2


def hold(count):
    """Has so many connected sockets, which have sent and received, until standard input ends."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    kept = []
    for _ in range(count // 2):
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        client.send(b"x" * 100)
        server.recv(100)
        server.send(b"y" * 50)
        client.recv(50)
        kept += [client, server]
    print("ready", flush=True)
    sys.stdin.read()


def cost(words, into):
    """Wall, user and system time of a command, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    into.seek(0)
    subprocess.run(words, stdout=into, stderr=subprocess.DEVNULL, check=True)
    wall = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return [1000 * each for each in (wall, user + system, user, system)]


def main(ft, sockets=20000, rounds=21):
    commands = {"ss": ["ss", "-tnpi"], "ft ss": [ft, "ss", "--tcp", "--processes", "--info"]}
    holders = [subprocess.Popen([sys.executable, __file__, "--hold", str(sockets // HOLDERS)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
               for _ in range(HOLDERS)]
    try:
        for each in holders:
            if each.stdout.readline() != b"ready\n":
                sys.exit("error: cannot make the sockets\n"
                         "  hint: `ulimit -Hn` must be over half their number")
        costs = {name: [] for name in commands}
        with tempfile.TemporaryFile() as into:
            for _ in range(rounds):
                for name, words in commands.items():
                    costs[name].append(cost(words, into))
    finally:
        for each in holders:
            each.stdin.close()
            each.wait()
    medians = {name: [statistics.median(column) for column in zip(*rows)]
               for name, rows in costs.items()}
    print(f"{sockets:,} sockets, medians of {rounds} rounds")
    print(f"{'':8}{'wall':>10}{'CPU':>10}{'user':>10}{'system':>10}")
    for name, columns in medians.items():
        print(f"{name:8}" + "".join(f"{each:7.0f} ms" for each in columns))
    ratios = [ours / theirs for ours, theirs in zip(medians["ft ss"][:2], medians["ss"][:2])]
    print(f"{'ratio':8}" + "".join(f"{each:10.2f}" for each in ratios))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--hold"]:
        hold(int(sys.argv[2]))
    elif len(sys.argv) < 2:
        sys.exit(__doc__)
    else:
        main(sys.argv[1], *map(int, sys.argv[2:]))
