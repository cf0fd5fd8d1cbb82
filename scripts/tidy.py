#!/usr/bin/env python3
"""clang-tidy over every .cc file, or over those named. Most of its time goes into the headers, so
files that may stand together are read as one, and where such a group gives it anything to say, each
of its files is read alone, and only that counts."""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/tidy"
GROUPS = BUILD / "groups"
MOST = 8
# What gtest's macros expand to takes the analyzer longer than all the rest together.
TEST = re.compile(r"_test\.cc$|^tests/|^examples/")
# What a file defines at the left margin: functions, types, constants, macros, tests.
NAMES = [re.compile(pattern, re.MULTILINE) for pattern in (
    r"^[A-Za-z_][\w:<>,&* ]*?[ &*]~?((?:\w+::)*\w+)\(",
    r"^(?:struct|class|union|enum class|enum|concept) (\w+)",
    r"^using (\w+) =",
    r"^(?:static |constexpr |inline |const |thread_local |constinit )+[\w:<>,&* ]*?(\w+)(?:\[\w*\])? ?[={;]",
    r"^#define (\w+)",
    r"^(\w*TEST\w*\(\w+, \w+)\)",
    r"^INSTANTIATE_TEST_SUITE_P\((\w+)",
)]


def flags_of_files():
    """How each file is compiled, without the names of its input and output."""
    flags = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        end = words.index("-o")
        flags[str(pathlib.Path(entry["file"]).relative_to(ROOT))] = tuple(words[:end])
    return flags


def names_in(text):
    return {name for pattern in NAMES for name in pattern.findall(text)}


def groups_of(files, flags):
    """Lists of files that are compiled alike, lie in one part of the tree and share no name."""
    open_groups, done = {}, []
    for file in files:
        text = (ROOT / file).read_text()
        names = names_in(text)
        if file not in flags or "main" in names:
            done.append([file])
            continue
        key = (flags[file], file.split("/")[0], bool(TEST.search(file)))
        for group in open_groups.setdefault(key, []):
            if len(group["files"]) < MOST and not names & group["names"]:
                group["files"].append(file)
                group["names"] |= names
                break
        else:
            open_groups[key].append({"files": [file], "names": names})
    return [group["files"] for groups in open_groups.values() for group in groups] + done


def without_repeated_includes(text, seen):
    """The text without the lines that include what has been included."""
    kept = []
    for line in text.splitlines():
        if line.startswith("#include "):
            if line in seen:
                line = ""
            seen.add(line)
        kept.append(line)
    return "\n".join(kept) + "\n"


def included_twice(file):
    seen = set()
    for number, line in enumerate((ROOT / file).read_text().splitlines(), 1):
        if line.startswith("#include ") and line in seen:
            yield f"{ROOT / file}:{number}: error: {line} for the second time\n"
        seen.add(line)


def run_tidy(database, file, is_test):
    # Includes are looked at without it, in each file alone.
    checks = "-readability-duplicate-include" + (",-clang-analyzer-*" if is_test else "")
    command = ["clang-tidy-19", "--quiet", f"--checks={checks}", "-p", str(database), str(file)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return run.returncode == 0, run.stdout


def read_group(number, files, flags):
    """What clang-tidy has to say of these files: an empty text for nothing."""
    is_test = bool(TEST.search(files[0]))
    if len(files) > 1:
        folder = GROUPS / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        together = folder / "together.cc"
        seen = set()
        together.write_text("".join(without_repeated_includes((ROOT / file).read_text(), seen)
                                    for file in files))
        command = [*flags[files[0]], "-o", "together.o", "-c", str(together)]
        (folder / "compile_commands.json").write_text(json.dumps(
            [{"directory": str(BUILD), "arguments": command, "file": str(together)}]))
        if run_tidy(folder, together, is_test)[0]:
            return ""
        print(f"tidy: one by one: {' '.join(files)}", flush=True)
    said = ""
    for file in files:
        is_clean, text = run_tidy(BUILD, file, is_test)
        said += "" if is_clean else text
    return said


def main():
    listed = sys.argv[1:] or subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.cc"], cwd=ROOT, capture_output=True,
        text=True, check=True).stdout.split()
    files = [file for file in listed
             if (ROOT / file).exists() and not file.startswith(("bench/", "fuzz/"))]
    flags = flags_of_files()
    groups = sorted(groups_of(files, flags), key=len, reverse=True)
    print(f"tidy: {len(files)} files in {len(groups)} groups", flush=True)
    with ThreadPoolExecutor(int(os.environ.get("FT_JOBS", os.cpu_count()))) as pool:
        said = list(pool.map(lambda job: read_group(*job, flags), enumerate(groups)))
    text = "".join(said) + "".join(line for file in files for line in included_twice(file))
    print(text, end="")
    sys.exit(1 if text else 0)


if __name__ == "__main__":
    main()
