"""`python -m tests.sabotage [WORD…]`: take out each rule, in a copy of this tree, and run the test that must notice.

Only rules whose name holds one of the words, if any are given. Exits with 1 if a test passed without its rule. The last
line is `rules=N unnoticed=M`.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from tests.sabotage.rule import Rule
from tests.sabotage.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
_SECONDS_MAX = 600
_TESTS_FAILED = 1


def main(words: list[str], out: TextIO) -> int:
    """Take out one after the other; 0 if each was noticed."""
    chosen = [rule for rule in RULES if not words or any(word in rule.rule for word in words)]
    unnoticed = 0
    for rule in chosen:
        noticed = _is_noticed(rule)
        unnoticed += not noticed
        print(f"{'noticed ' if noticed else 'UNNOTICED'} {rule.rule}: {rule.test}", file=out, flush=True)
    print(f"rules={len(chosen)} unnoticed={unnoticed}", file=out)
    return 1 if unnoticed else 0


def _is_noticed(rule: Rule) -> bool:
    """Whether the test fails, as a test: an error of collecting it, say, shows nothing."""
    with tempfile.TemporaryDirectory(prefix="siep-sabotage-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(
            ROOT,
            tree,
            ignore=shutil.ignore_patterns(".git", ".venv", ".local", "__pycache__", ".*_cache", "node_modules"),
        )
        (tree / ".venv").symlink_to(ROOT / ".venv")
        file = tree / rule.file
        file.write_text(file.read_text().replace(rule.text, rule.instead))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", rule.test]
        return _ended_with(command, tree) == _TESTS_FAILED


def _ended_with(command: list[str], tree: Path) -> int | None:
    """None if it had to be told to end: it then ends its stacks itself, which a killed one would leave running."""
    with subprocess.Popen(command, cwd=tree, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as test:
        try:
            return test.wait(_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            return None
        finally:
            test.terminate()
            test.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to end, it ends its test as after Ctrl-C
    sys.exit(main(sys.argv[1:], sys.stdout))
