import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_table_of_faults_in_the_documentation_is_made_from_these_tests() -> None:
    command = (sys.executable, str(ROOT / "scripts" / "fault_table.py"), "--check")
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
