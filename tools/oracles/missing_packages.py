"""Reports a Python package that is not installed in one sentence. Scripts import this before packages of others."""

import os
import sys

REQUIREMENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "requirements.txt")


def report(kind, error, trace):
    if not issubclass(kind, ModuleNotFoundError):
        return sys.__excepthook__(kind, error, trace)
    path = os.path.relpath(REQUIREMENTS)
    print(f"error: The Python package '{error.name}' is not installed. Run: pip install -r {path}", file=sys.stderr)


sys.excepthook = report
