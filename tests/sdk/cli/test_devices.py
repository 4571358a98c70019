"""Names and tags of devices, as the command line and Python take them."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sdk.cli import this_process

import edgeprof
from edgeprof.errors import InvalidAddressError, InvalidArgumentError
from edgeprof.testing import SimulatedDevice

pytestmark = pytest.mark.usefixtures("own_edgeprof_folders")


def run(*arguments: str, status: int = 0) -> str:
    done = this_process.edgeprof(*arguments)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def test_a_device_is_found_by_its_name_and_its_tag_wherever_one_is_given(shared_device: SimulatedDevice) -> None:
    address = shared_device.address
    run("devices", "add", address, "--name", "pi4", "--tag", "lab", "--tag", "arm")
    run("devices", "add", "board.local:20763", "--name", "away", "--tag", "arm")
    assert edgeprof.named_devices() == [
        edgeprof.NamedDevice(name="away", address="board.local:20763", tags=("arm",)),
        edgeprof.NamedDevice(name="pi4", address=address, tags=("arm", "lab")),
    ]
    with edgeprof.connect("pi4") as client:
        assert client.address == address
    (known,) = json.loads(run("devices", "pi4", "--json"))
    assert (known["name"], known["tags"], known["address"]) == ("pi4", ["arm", "lab"], address)
    assert known["device"]["runtimes"][0]["name"] == "simulated"
    assert "pi4 keeps no job" in run("jobs", "pi4")
    assert json.loads(run("jobs", "--tag", "lab", "--json")) == []
    assert {check.name for check in edgeprof.diagnose("pi4")} >= {"name", "port", "agent"}
    # The list names those that were never seen, too.
    table = run("devices")
    assert "never" in table and "away" in table and "arm, lab" in table
    seen, unseen = json.loads(run("devices", "--json"))
    assert (seen["name"], unseen["name"], unseen["device"]) == ("pi4", "away", None)


def test_results_are_found_by_the_name_that_their_device_has_here(
    shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    edgeprof.add_device("board.local:20763", "away")
    edgeprof.add_device(shared_device.address, "pi4")
    (known,) = edgeprof.known_devices("pi4")
    for number, name in enumerate(("away", "pi4"), start=1):
        report = tmp_path / name
        report.write_text(f"network,0.00{number},0,0,0\n")
        run("results", "--add", str(report), "--device", name)
        (found,) = edgeprof.results(device=name)
        assert found.number == number and [
            row["number"] for row in json.loads(run("results", "--device", name, "--json"))
        ] == [number]
    assert (found.device_id, found.address) == (known.device.device_id, shared_device.address)
    assert found == edgeprof.add_result(report, device="pi4")


def test_a_command_of_one_device_refuses_a_tag_of_two(tmp_path: Path) -> None:
    for name in ("a", "b"):
        edgeprof.add_device(f"{name}:1", name, tags=["lab"])
    said = run("rank", str(tmp_path), "--tag", "lab", status=2)
    assert "--tag lab names a, b; this takes one of them: --device NAME" in said.replace("\n", " ")
    assert "give one of them" in run("rank", str(tmp_path), "--tag", "lab", "--device", "a", status=2)
    assert [device.name for device in edgeprof.find_devices(["c:1"], ["lab"])] == ["c:1", "a", "b"]


def test_an_unknown_name_or_tag_is_answered_with_the_nearest() -> None:
    edgeprof.add_device("board:1", "pi4-kitchen", tags=["laboratory"])
    assert "no device is called 'pi4'; the nearest is pi4-kitchen" in run("jobs", "pi4", status=1)
    assert "no device has the tag 'lab'; the nearest is laboratory" in run("jobs", "--tag", "lab", status=1)
    with pytest.raises(InvalidAddressError, match="nearest is pi4-kitchen"):
        edgeprof.connect("pi4kitchen")
    assert "name a device" in run("doctor", status=2)


def test_a_name_can_be_given_to_another_device_and_taken_away() -> None:
    edgeprof.add_device("board:1", "pi4")
    edgeprof.add_device("other:2", "pi4", tags=["lab"])
    assert [device.address for device in edgeprof.find_devices(["pi4"])] == ["other:2"]
    assert "before, pi4 was the device at other:2, tagged lab" in run("devices", "add", "other:2", "--name", "pi4")
    run("devices", "add", "other:2", "--name", "same")
    assert [item["name"] for item in json.loads(run("devices", "--json"))] == ["pi4", "same"]
    run("devices", "remove", "same")
    assert "was the device at other:2" in run("devices", "remove", "pi4")
    assert edgeprof.named_devices() == []
    assert "no device is called 'pi4'" in run("devices", "remove", "pi4", status=1)


@pytest.mark.parametrize(
    ("address", "name", "error"),
    [
        ("board", "pi4", InvalidAddressError),
        ("board:1", "pi 4", InvalidArgumentError),
        ("b:1", "p:1", InvalidArgumentError),
    ],
)
def test_a_name_that_cannot_be_told_from_an_address_is_refused(address: str, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        edgeprof.add_device(address, name)
    assert edgeprof.named_devices() == []


def test_names_and_pairings_that_are_written_at_once_are_all_kept(own_edgeprof_folders: Path) -> None:
    from edgeprof.devices.pairings import make_key, read_pairings, remember_device
    from edgeprof_proto.shared.trust import make_host_key

    certificate = make_host_key().certificate_pem
    with ThreadPoolExecutor(8) as threads:
        keys = {key.private_key_pem for key in threads.map(lambda _: make_key(), range(8))}
        names = [threads.submit(edgeprof.add_device, f"board:{number + 1}", f"pi{number}") for number in range(16)]
        pairs = [threads.submit(remember_device, f"board:{number + 1}", certificate) for number in range(16)]
        for one in (*names, *pairs):
            one.result()
    pairings = read_pairings()
    assert pairings.key is not None and keys == {pairings.key.private_key_pem}
    assert (len(pairings.named_devices), len(pairings.certificates)) == (16, 16)


def test_pairings_of_earlier_versions_keep_their_certificates(own_edgeprof_folders: Path) -> None:
    from edgeprof.devices.pairings import make_key, read_pairings

    make_key()
    path = own_edgeprof_folders / "pairings.json"
    content = json.loads(path.read_text())
    del content["names"]
    path.write_text(json.dumps(content))
    edgeprof.add_device("board:1", "pi4")
    assert json.loads(path.read_text())["private_key"] == content["private_key"]
    assert [device.name for device in read_pairings().named_devices] == ["pi4"]
