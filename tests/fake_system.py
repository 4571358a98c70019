"""A systemd of our own, for tests of what calls it."""

import dataclasses
import os
import stat
from pathlib import Path

from edgeprof_agent.service.installation import ServiceHome

FAKE = """\
#!/bin/sh
# Writes down how it was called, and fails where the test wants it to.
echo "$(basename "$0") $*" >> {record}
if [ -e {failing} ] && [ "$(basename "$0") $*" = "$(cat {failing})" ]; then echo "Unit is ill." >&2; exit 1; fi
for answer in {answers}/*; do
  case "$*" in *"$(basename "$answer")"*) cat "$answer";; esac
done
exit 0
"""


@dataclasses.dataclass
class FakeSystem:
    """A file tree with a systemd of our own on its PATH."""

    root: Path

    def home(self, *, is_system: bool, **variables: str) -> ServiceHome:
        environment = {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.root / "home"),
            **variables,
        }
        return ServiceHome(is_system=is_system, root=self.root, environment=environment)

    @property
    def calls(self) -> list[str]:
        record = self.root / "calls"
        return record.read_text().splitlines() if record.exists() else []

    def fail_at(self, call: str) -> None:
        (self.root / "failing").write_text(call)

    def answer(self, words: str, said: str) -> None:
        """Let a call that holds these words print something."""
        (self.root / "answers" / words).write_text(said + "\n")

    def files(self) -> set[str]:
        """Everything in the tree but what the fake itself needs."""
        own = {
            "bin",
            "bin/systemctl",
            "bin/loginctl",
            "calls",
            "failing",
            "answers",
            "answers/Linger",
            "run",
            "run/systemd",
        }
        own |= {"run/systemd/system", "etc", "etc/systemd", "etc/systemd/system", "home", "home/.config"}
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")} - own


def make_fake_system(tmp_path: Path) -> FakeSystem:
    """Make the tree and its programs."""
    for folder in ("bin", "answers", "run/systemd/system", "home"):
        (tmp_path / folder).mkdir(parents=True)
    text = FAKE.format(record=tmp_path / "calls", failing=tmp_path / "failing", answers=tmp_path / "answers")
    for name in ("systemctl", "loginctl"):
        program = tmp_path / "bin" / name
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return FakeSystem(tmp_path)
