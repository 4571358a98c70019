#!/usr/bin/env python
"""Fit the shipped hyper-parameters of the operator model to reference settings.

Run it from anywhere: `scripts/train_operator_model.py FOLDER [SETTING ...]`. The folder holds a profile of models for
each setting, as `edgeprof onboard --models --with ZOO` writes it (`docs/any_model.md`); without settings, all are used.
"""

from __future__ import annotations

import argparse
import importlib.resources
import json
import sys
import time
from pathlib import Path
from typing import Final

from edgeprof.evaluating.measured_settings import measured_settings
from edgeprof_predictor.operators.training import TRAINING_RECORDS, hyperparameters_of

TARGET: Final = Path(str(importlib.resources.files("edgeprof_predictor.operators"))) / "hyperparameters.json"


def main() -> int:
    """Fit, save."""
    parser = argparse.ArgumentParser(description="Fit the operator model's hyper-parameters to reference settings.")
    parser.add_argument("folder", type=Path, help="profiles of models, a file for each setting")
    parser.add_argument("settings", nargs="*", help="settings to use; all by default")
    parser.add_argument("--records", type=int, default=TRAINING_RECORDS, help="records of each setting")
    parser.add_argument("--evaluations", type=int, default=60, help="evaluations of the likelihood")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write")
    arguments = parser.parse_args()
    measured = measured_settings(arguments.folder)
    names = arguments.settings or list(measured)
    settings = [measured[name] for name in names]
    started = time.monotonic()
    hyper = hyperparameters_of(
        [setting.networks for setting in settings],
        max_records=arguments.records,
        max_evaluations=arguments.evaluations,
    )
    document = {
        "settings": {
            setting.name: {"probes": len(setting.probes), "models": len(setting.models)} for setting in settings
        },
        "records_of_each_setting": arguments.records,
        "hyperparameters": hyper.to_json(),
    }
    arguments.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"fitted to {', '.join(names)} in {time.monotonic() - started:.0f} s: {arguments.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
