#!/usr/bin/env python3
"""Refuses what g++ 12 compiles into something else; prints one line a breach and exits 1.

A co_await inside the condition of an if, while, for or switch loses the coroutine's place when no
local variable stands around it: the coroutine never goes on, or the program crashes. So in this
tree a co_await in a condition first gets a name. (docs/compilers.md tells more.)
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def condition_of(line):
    """The text between the parentheses of an if, while, for or switch; empty where there is none."""
    found = re.match(r"\s*(?:\} (?:else )?)?(?:if|while|for|switch) (?:constexpr )?\(", line)
    if not found:
        return ""
    depth, begin = 1, found.end()
    for at in range(begin, len(line)):
        depth += {"(": 1, ")": -1}.get(line[at], 0)
        if depth == 0:
            return line[begin:at]
    return line[begin:]


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cc"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    bad = 0
    for name in listed:
        path = ROOT / name
        if not path.exists():
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            condition = condition_of(line)
            # What is declared in front of a semicolon is such a variable.
            nothing_declared = ";" not in condition or condition.lstrip().startswith(";")
            if "co_await" in condition and nothing_declared:
                bad += 1
                print(f"{name}:{number}: co_await in a condition: give its result a name first")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
