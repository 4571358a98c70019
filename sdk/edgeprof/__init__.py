"""edgeprof: measure a few networks on a device, then predict in milliseconds how fast any other runs there.

with edgeprof.connect("127.0.0.1:20763") as client:
onboarded = edgeprof.onboard(client, "nasbench201")
prediction = edgeprof.predict(onboarded.profile, ["|nor_conv_3x3~0|+|..."])
"""

import logging
from typing import TYPE_CHECKING

from edgeprof.errors import EdgeprofError
from edgeprof_predictor._lazy_exports import lazy_exports
from edgeprof_proto.version import VERSION as __version__

if TYPE_CHECKING:
    from edgeprof.dashboard.serving import serve_dashboard
    from edgeprof.deploying import Deployed, DeployListener, deploy, pack_agent, undeploy
    from edgeprof.devices.client import DeviceClient, connect
    from edgeprof.devices.discovery import DiscoveredDevice, discover_devices
    from edgeprof.devices.doctor import diagnose
    from edgeprof.devices.known_devices import known_devices
    from edgeprof.devices.local_agent import local_agent
    from edgeprof.devices.named_devices import add_device, find_devices, named_devices, remove_device
    from edgeprof.devices.pairing import pair
    from edgeprof.devices.pairings import NamedDevice, forget_device
    from edgeprof.evaluating.accuracy import evaluate_accuracy
    from edgeprof.evaluating.fitting import Fitted, fit
    from edgeprof.evaluating.latency import Evaluation, evaluate
    from edgeprof.evaluating.models import evaluate_models
    from edgeprof.evaluating.proxies import score_network, score_space
    from edgeprof.evaluating.tables import import_table
    from edgeprof.fleet.benchmarks import benchmark_fleet
    from edgeprof.fleet.collection import Collected, collect
    from edgeprof.fleet.devices_at_once import DeviceOutcome, FleetListener
    from edgeprof.fleet.model_onboarding import onboard_models_fleet
    from edgeprof.fleet.onboarding import onboard_fleet
    from edgeprof.fleet.profile_folder import OnboardedDevice
    from edgeprof.measuring.benchmark import Benchmark, benchmark
    from edgeprof.measuring.benchmark_table import BenchmarkTable, TableListener, benchmark_table
    from edgeprof.measuring.candidate import Candidate
    from edgeprof.measuring.comparison import Comparison, compare
    from edgeprof.measuring.effort import make_plan
    from edgeprof.measuring.gate import Gate, GateOutcome, gate, gate_against
    from edgeprof.measuring.operator_trace import write_operator_trace
    from edgeprof.measuring.table_order import BenchmarkRow
    from edgeprof.measuring.verification import Verification, verify
    from edgeprof.onboarding import Goal, Learned, MethodOptions, Onboarded, OnboardingListener, learn, onboard
    from edgeprof.operator_models.api import OnboardedModels, add_models, onboard_models
    from edgeprof.operator_models.prediction import PredictedModel, predict_models
    from edgeprof.operator_models.ranking import Ranking, rank_models
    from edgeprof.operator_models.verification import verify_models
    from edgeprof.operator_models.what_if import WhatIf, what_if
    from edgeprof.pages.api import report, write_report
    from edgeprof.plots.over_time_plot import draw_over_time
    from edgeprof.plots.search_plot import draw_front
    from edgeprof.plots.sustained_plot import draw_curve
    from edgeprof.plots.verification_plot import draw_verification
    from edgeprof.prediction import predict
    from edgeprof.reporting import (
        Difference,
        FoundProfile,
        LatencyHistory,
        Period,
        Results,
        add_result,
        difference,
        find_profiles,
        over_time,
        result,
        results,
    )
    from edgeprof.searching import search
    from edgeprof_predictor.profile_file import ProfileFile
    from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
    from edgeprof_proto.records.measurement import Measurement

logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "Benchmark",
    "BenchmarkRow",
    "BenchmarkTable",
    "Candidate",
    "Collected",
    "Comparison",
    "DeployListener",
    "Deployed",
    "DeviceClient",
    "DeviceOutcome",
    "Difference",
    "DiscoveredDevice",
    "EdgeprofError",
    "Evaluation",
    "Fitted",
    "FleetListener",
    "FoundProfile",
    "Gate",
    "GateOutcome",
    "Goal",
    "LatencyHistory",
    "Learned",
    "Measurement",
    "MeasurementPlan",
    "MethodOptions",
    "NamedDevice",
    "Onboarded",
    "OnboardedDevice",
    "OnboardedModels",
    "OnboardingListener",
    "Period",
    "PredictedModel",
    "ProfileFile",
    "Ranking",
    "Results",
    "Setting",
    "TableListener",
    "Verification",
    "WhatIf",
    "__version__",
    "add_device",
    "add_models",
    "add_result",
    "benchmark",
    "benchmark_fleet",
    "benchmark_table",
    "collect",
    "compare",
    "connect",
    "deploy",
    "diagnose",
    "difference",
    "discover_devices",
    "draw_curve",
    "draw_front",
    "draw_over_time",
    "draw_verification",
    "evaluate",
    "evaluate_accuracy",
    "evaluate_models",
    "find_devices",
    "find_profiles",
    "fit",
    "forget_device",
    "gate",
    "gate_against",
    "import_table",
    "known_devices",
    "learn",
    "local_agent",
    "make_plan",
    "named_devices",
    "onboard",
    "onboard_fleet",
    "onboard_models",
    "onboard_models_fleet",
    "over_time",
    "pack_agent",
    "pair",
    "predict",
    "predict_models",
    "rank_models",
    "remove_device",
    "report",
    "result",
    "results",
    "score_network",
    "score_space",
    "search",
    "serve_dashboard",
    "undeploy",
    "verify",
    "verify_models",
    "what_if",
    "write_operator_trace",
    "write_report",
]

# Imported on first use: measuring needs no torch, and a device has none of the host's libraries.
_MODULE_OF = {
    "Benchmark": "edgeprof.measuring.benchmark",
    "BenchmarkRow": "edgeprof.measuring.table_order",
    "BenchmarkTable": "edgeprof.measuring.benchmark_table",
    "Candidate": "edgeprof.measuring.candidate",
    "Collected": "edgeprof.fleet.collection",
    "Comparison": "edgeprof.measuring.comparison",
    "DeployListener": "edgeprof.deploying",
    "Deployed": "edgeprof.deploying",
    "DeviceClient": "edgeprof.devices.client",
    "DeviceOutcome": "edgeprof.fleet.devices_at_once",
    "Difference": "edgeprof.reporting",
    "DiscoveredDevice": "edgeprof.devices.discovery",
    "Evaluation": "edgeprof.evaluating.latency",
    "Fitted": "edgeprof.evaluating.fitting",
    "FleetListener": "edgeprof.fleet.devices_at_once",
    "FoundProfile": "edgeprof.reporting",
    "Gate": "edgeprof.measuring.gate",
    "GateOutcome": "edgeprof.measuring.gate",
    "Goal": "edgeprof.onboarding",
    "LatencyHistory": "edgeprof.reporting",
    "Learned": "edgeprof.onboarding",
    "Measurement": "edgeprof_proto.records.measurement",
    "MeasurementPlan": "edgeprof_proto.records.job_spec",
    "MethodOptions": "edgeprof.onboarding",
    "NamedDevice": "edgeprof.devices.pairings",
    "Onboarded": "edgeprof.onboarding",
    "OnboardedDevice": "edgeprof.fleet.profile_folder",
    "OnboardedModels": "edgeprof.operator_models.api",
    "OnboardingListener": "edgeprof.onboarding",
    "Period": "edgeprof.reporting",
    "PredictedModel": "edgeprof.operator_models.prediction",
    "ProfileFile": "edgeprof_predictor.profile_file",
    "Ranking": "edgeprof.operator_models.ranking",
    "Results": "edgeprof.reporting",
    "Setting": "edgeprof_proto.records.job_spec",
    "TableListener": "edgeprof.measuring.benchmark_table",
    "Verification": "edgeprof.measuring.verification",
    "WhatIf": "edgeprof.operator_models.what_if",
    "add_device": "edgeprof.devices.named_devices",
    "add_models": "edgeprof.operator_models.api",
    "add_result": "edgeprof.reporting",
    "benchmark": "edgeprof.measuring.benchmark",
    "benchmark_fleet": "edgeprof.fleet.benchmarks",
    "benchmark_table": "edgeprof.measuring.benchmark_table",
    "collect": "edgeprof.fleet.collection",
    "compare": "edgeprof.measuring.comparison",
    "connect": "edgeprof.devices.client",
    "deploy": "edgeprof.deploying",
    "diagnose": "edgeprof.devices.doctor",
    "difference": "edgeprof.reporting",
    "discover_devices": "edgeprof.devices.discovery",
    "draw_curve": "edgeprof.plots.sustained_plot",
    "draw_front": "edgeprof.plots.search_plot",
    "draw_over_time": "edgeprof.plots.over_time_plot",
    "draw_verification": "edgeprof.plots.verification_plot",
    "evaluate": "edgeprof.evaluating.latency",
    "evaluate_accuracy": "edgeprof.evaluating.accuracy",
    "evaluate_models": "edgeprof.evaluating.models",
    "find_devices": "edgeprof.devices.named_devices",
    "find_profiles": "edgeprof.reporting",
    "fit": "edgeprof.evaluating.fitting",
    "forget_device": "edgeprof.devices.pairings",
    "gate": "edgeprof.measuring.gate",
    "gate_against": "edgeprof.measuring.gate",
    "import_table": "edgeprof.evaluating.tables",
    "known_devices": "edgeprof.devices.known_devices",
    "learn": "edgeprof.onboarding",
    "local_agent": "edgeprof.devices.local_agent",
    "make_plan": "edgeprof.measuring.effort",
    "named_devices": "edgeprof.devices.named_devices",
    "onboard": "edgeprof.onboarding",
    "onboard_fleet": "edgeprof.fleet.onboarding",
    "onboard_models": "edgeprof.operator_models.api",
    "onboard_models_fleet": "edgeprof.fleet.model_onboarding",
    "over_time": "edgeprof.reporting",
    "pack_agent": "edgeprof.deploying",
    "pair": "edgeprof.devices.pairing",
    "predict": "edgeprof.prediction",
    "predict_models": "edgeprof.operator_models.prediction",
    "rank_models": "edgeprof.operator_models.ranking",
    "remove_device": "edgeprof.devices.named_devices",
    "report": "edgeprof.pages.api",
    "result": "edgeprof.reporting",
    "results": "edgeprof.reporting",
    "score_network": "edgeprof.evaluating.proxies",
    "score_space": "edgeprof.evaluating.proxies",
    "search": "edgeprof.searching",
    "serve_dashboard": "edgeprof.dashboard.serving",
    "undeploy": "edgeprof.deploying",
    "verify": "edgeprof.measuring.verification",
    "verify_models": "edgeprof.operator_models.verification",
    "what_if": "edgeprof.operator_models.what_if",
    "write_operator_trace": "edgeprof.measuring.operator_trace",
    "write_report": "edgeprof.pages.api",
}

__getattr__ = lazy_exports(__name__, _MODULE_OF)
