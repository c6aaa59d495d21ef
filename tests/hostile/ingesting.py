"""Ingest on hostile files, as a process that is forked from one with its libraries."""

import json
import subprocess
from dataclasses import dataclass

from hostile.cases import Case
from support.local_stages import LocalPipeline


@dataclass(frozen=True)
class Run:
    """How a process ended, and what it printed."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class Stage:
    """Ingest on folders of its own, run as a process that is forked from one with its libraries."""

    folders: LocalPipeline
    server: subprocess.Popen[str]

    def ingest(self, case: Case) -> Run:
        for name, content in case.files.items():
            path = self.folders.root / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.folders.settings.parent.mkdir()
        text = f'source = "{case.name}"\n[ingest]\n{case.settings}\n'
        self.folders.settings.write_text(text, encoding="utf-8")
        self.folders.volume("ingest").mkdir(parents=True)
        output = self.folders.root / "output"
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        call = [self.folders.environment("ingest"), str(output)]
        print(json.dumps(call), file=self.server.stdin, flush=True)
        exit_code = int(self.server.stdout.readline())
        return Run(exit_code, output.read_text(encoding="utf-8"))
