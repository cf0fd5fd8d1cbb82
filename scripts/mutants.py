#!/usr/bin/env python3
"""Plants one bug after the other and lets the simulator look for it.

A bug is a file of tests/mutants: a text of one source, and what stands there instead. Only that
source is compiled, as the release build does it, and linked in front of the library into an `ft` of
its own, which then searches the scenarios that ought to notice. `--check` builds nothing and only
says whether each text still occurs exactly once.
"""
import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "mutants"


def failed(goal, cause, hint):
    sys.exit(f"error: cannot {goal}\n  {cause}\n  hint: {hint}")


class Mutant:
    def __init__(self, path):
        self.name = path.stem
        with open(path, "rb") as file:
            said = tomllib.load(file)
        self.says, self.file = said["says"], said["file"]
        self.scenarios = said["scenarios"]
        self.old, self.new = said["old"].strip("\n"), said["new"].strip("\n")

    def changed_source(self):
        text = (ROOT / self.file).read_text()
        count = text.count(self.old)
        if count != 1:
            failed(f"plant {self.name}", f"its text occurs {count} times in {self.file}",
                   f"tests/mutants/{self.name}.toml has to follow the source")
        return text.replace(self.old, self.new)


class Build:
    """The release build, for its commands and its libraries."""

    def __init__(self, folder):
        self.folder = folder
        commands = folder / "compile_commands.json"
        if not commands.exists():
            failed("plant bugs", f"there is no {commands}", "./dev build release ft")
        self.commands = {pathlib.Path(each["file"]).resolve(): each
                         for each in json.loads(commands.read_text())}
        # The last command of the program is the one that links it.
        linking = subprocess.run(["ninja", "-C", folder, "-t", "commands", "tools/ft"],
                                 capture_output=True, text=True, check=True).stdout
        self.link = linking.strip().splitlines()[-1]

    def compile(self, mutant, into):
        source = (ROOT / mutant.file).resolve()
        if source not in self.commands:
            failed(f"compile {mutant.name}", f"the release build does not compile {mutant.file}",
                   "name a source of the library or of the scenarios")
        entry = self.commands[source]
        changed = into / source.name
        changed.write_text(mutant.changed_source())
        made = into / (source.stem + ".o")
        words = shlex.split(entry["command"])
        own = words[words.index("-o") + 1]
        replaced = {entry["file"]: str(changed), own: str(made)}
        command = [replaced.get(word, word) for word in words]
        done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True)
        if done.returncode != 0:
            failed(f"compile {mutant.name}", done.stderr.strip()[-500:], "see " + str(changed))
        return made

    def program(self, mutant, into):
        """An `ft` with that bug: what is in front of a library is not looked for in it."""
        made = self.compile(mutant, into)
        ft = into / "ft"
        first = f"-o {shlex.quote(str(ft))} {shlex.quote(str(made))}"
        command = re.sub(r"-o tools/ft\b", lambda _: first, self.link, count=1)
        done = subprocess.run(command, cwd=self.folder, shell=True, capture_output=True, text=True)
        if done.returncode != 0 or not ft.exists():
            failed(f"link {mutant.name}", done.stderr.strip().splitlines()[-1], command)
        return ft


def look_for(mutant, ft, arguments):
    """The scenario that finds it, the seed, how many seeds that took, and what it says."""
    for scenario in mutant.scenarios:
        command = [str(ft), "sim", *scenario.split(), "--seeds", arguments.seeds, "--first",
                   "--jobs", str(arguments.jobs)]
        done = subprocess.run(command, cwd=ft.parent, capture_output=True, text=True)
        if done.returncode == 0:
            continue
        seed = re.search(r"--seed (\d+)", done.stdout)
        said = re.search(r"^  FAILED  (.*)$", done.stdout, re.M)
        if said is None:
            said = re.search(r"--seed \d+  # (.*)$", done.stdout, re.M)
        if seed is None or said is None:
            failed(f"run {mutant.name}", (done.stderr or done.stdout).strip()[:200],
                   shlex.join(command))
        first = int(arguments.seeds.split("..")[0])
        return scenario.split()[0], int(seed[1]), int(seed[1]) - first + 1, said[1].strip()
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="only these; a part of a name does")
    parser.add_argument("--check", action="store_true", help="only whether each can be planted")
    parser.add_argument("--seeds", default="1..1000", metavar="A..B", help="(%(default)s)")
    parser.add_argument("--jobs", type=int, default=0, help="processes that search; 0: one a core")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release",
                        metavar="FOLDER", help="a release build of ft")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    mutants = [Mutant(path) for path in sorted(FOLDER.glob("*.toml"))
               if not arguments.names or any(name in path.stem for name in arguments.names)]
    if not mutants:
        failed("find such a bug", "no file of tests/mutants has that name", "ls tests/mutants")
    for mutant in mutants:
        mutant.changed_source()
    if arguments.check:
        print(f"{len(mutants)} bugs can be planted")
        return 0
    build = Build(arguments.build)
    print("| bug | found by | seed | after seeds | what is said |\n|---|---|---:|---:|---|")
    missed = []
    began = time.monotonic()
    for mutant in mutants:
        into = arguments.build / "mutants" / mutant.name
        into.mkdir(parents=True, exist_ok=True)
        found = look_for(mutant, build.program(mutant, into), arguments)
        if found is None:
            missed.append(mutant.name)
            print(f"| {mutant.says} | nothing | | | |", flush=True)
        else:
            scenario, seed, runs, said = found
            print(f"| {mutant.says} | `{scenario}` | {seed} | {runs} | {said} |", flush=True)
    took = time.monotonic() - began
    count = len(mutants) - len(missed)
    print(f"\n{count} of {len(mutants)} found in {took:.0f} s", file=sys.stderr)
    if missed:
        failed("find " + ", ".join(missed), "no seed of " + arguments.seeds + " failed",
               "a scenario has to look closer")
    return 0


if __name__ == "__main__":
    sys.exit(main())
