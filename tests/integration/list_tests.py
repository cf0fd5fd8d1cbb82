#!/usr/bin/env python3
"""Prints each TestCase of the given files as `file.Class`, for ctest to run them one by one."""
import os
import pathlib
import sys
import unittest

os.environ.setdefault("FT_PROGRAM", "ft")
for name in sys.argv[1:]:
    path = pathlib.Path(name)
    sys.path.insert(0, str(path.parent))
    sys.dont_write_bytecode = True
    module = __import__(path.stem)
    for key, value in sorted(vars(module).items()):
        if isinstance(value, type) and issubclass(value, unittest.TestCase):
            print(f"{path.stem}.{key}")
