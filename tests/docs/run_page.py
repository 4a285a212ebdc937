"""Run the blocks of one page in order, as a reader who copies them: `run_page.py PAGE`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from pages import blocks


def main(page: Path) -> None:
    names: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page):
        if not block.is_run:
            continue
        print(f"--- {block.where}", flush=True)
        if block.language == "python":
            # Line numbers of a traceback are those of the page.
            code = "\n" * (block.line - 1) + block.code
            exec(compile(code, str(page), "exec"), names)
        else:
            for command in block.commands():
                subprocess.run([sys.executable, "-m", "toolkit_adapters", *command], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
