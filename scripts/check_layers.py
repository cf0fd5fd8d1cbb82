#!/usr/bin/env python3
"""Holds every #include to the ladder written in LAYERS; prints one line a breach and exits 1."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "fivetuple"
KERNEL = re.compile(
    r"^(sys|net|netinet|arpa|linux|asm)/|"
    r"^(unistd|fcntl|poll|signal|pthread|sched|netdb|ifaddrs|spawn|dirent)\.h$")


def read_ladder():
    ladder = {}
    for line in (ROOT / "LAYERS").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            layer, _, below = line.partition(":")
            ladder[layer.strip()] = set(below.split())
    return ladder


def layer_of(path, ladder):
    """The longest layer name that is a folder above `path`."""
    folder = path
    while folder and folder != ".":
        if folder in ladder:
            return folder
        folder = folder.rpartition("/")[0]
    return None


def breach(layer, included, angled, ladder):
    """What is wrong with `layer` including this, or None."""
    allowed = ladder[layer]
    if "<any>" in allowed:
        return None
    if included.startswith("fivetuple/"):
        other = layer_of(included[len("fivetuple/"):].rpartition("/")[0], ladder)
        if other is None or other == layer or other in allowed:
            return None
        return f"{layer} may not include {other}"
    if angled and KERNEL.match(included) and "<kernel>" not in allowed:
        return f"{layer} may not include kernel headers"
    if included.startswith("liburing") and "<uring>" not in allowed:
        return f"{layer} may not include liburing"
    return None


def main():
    ladder = read_ladder()
    bad = 0
    for path in sorted(SOURCES.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        inside = path.relative_to(SOURCES).as_posix()
        layer = layer_of(inside.rpartition("/")[0], ladder)
        if layer is None:
            if "/" in inside:
                bad += 1
                print(f"{inside}:1: its folder is not in LAYERS")
            continue  # fivetuple/fivetuple.h and its like stand above the ladder.
        if path.name.endswith("_test.cc"):
            continue  # A test may use the kernel to check what the layer says of it.
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*([<"])([^">]+)[">]', line)
            if not found:
                continue
            wrong = breach(layer, found[2], found[1] == "<", ladder)
            if wrong:
                bad += 1
                print(f"{inside}:{number}: {wrong} ({found[2]}); see LAYERS")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
