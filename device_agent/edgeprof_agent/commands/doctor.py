"""`edgeprof-agent doctor`: checks this device and says what to do about problems."""

import argparse
import json
from typing import Any

from edgeprof_agent.commands.options import add_data_dir, add_listen, add_runtimes, config_of


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("doctor", help="check this device and say what to do about problems")
    add_listen(parser)
    add_runtimes(parser)
    add_data_dir(parser)
    parser.add_argument("--json", action="store_true", help="print the checks as JSON on one line")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run all checks and print them.

    Returns:
        Exit status: 1 where a check has the level TROUBLE, else 0.

    Raises:
        ConfigError: If a setting of the agent is wrong.
    """
    from edgeprof_agent.doctor.examination import examine
    from edgeprof_proto.record_json import to_json
    from edgeprof_proto.records.check import CheckLevel

    checks = examine(config_of(options))
    if options.json:
        print(json.dumps(to_json(checks)))
    else:
        for check in checks:
            print(f"{check.level.value.replace('_', ' '):13}{check.name}: {check.finding}")
            if check.remedy:
                print(f"{'':13}-> {check.remedy}")
    return int(any(check.level is CheckLevel.TROUBLE for check in checks))
