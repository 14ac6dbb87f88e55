# SPDX-License-Identifier: GPL-2.0-or-later
"""Small trees to hold the rules against."""

from __future__ import annotations

from pathlib import Path

from ci.lint.tree import Problem, Tree

C_SPDX = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
PY_SPDX = "# SPDX-License-Identifier: GPL-2.0-or-later\n"


def tree_of(folder: Path, files: dict[str, str | bytes]) -> Tree:
    """A tree of these files, outside git."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return Tree(folder, list(files))


def places(problems: list[Problem]) -> list[str]:
    """Where the problems are, for a short comparison."""
    return [f"{problem.path}:{problem.line}" for problem in problems]
