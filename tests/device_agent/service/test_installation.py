import dataclasses
import fcntl
from pathlib import Path

import pytest

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import InstallError
from edgeprof_agent.service import installation
from edgeprof_agent.service.installation import SYSTEM_DATA_DIR, install, service_config, uninstall
from edgeprof_agent.trust.identity import read_identity

CONFIG = AgentConfig(data_dir=SYSTEM_DATA_DIR)


@pytest.fixture(autouse=True)
def _python_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run with a Python in somebody's home.
    monkeypatch.setattr(installation.sys, "executable", "/usr/bin/env")


@pytest.mark.parametrize("is_system", [True, False])
def test_install_and_uninstall_leave_nothing_behind(fake_system, is_system) -> None:
    home = fake_system.home(is_system=is_system)
    prefix = "systemctl" if is_system else "systemctl --user"
    said = install(CONFIG, home)
    assert fake_system.calls[:3] == [
        f"{prefix} daemon-reload",
        f"{prefix} enable edgeprof-agent.service",
        f"{prefix} restart edgeprof-agent.service",
    ]
    assert str(home.unit_path) in said[0]
    said = uninstall(home, purge=False, fallback_data_dir=SYSTEM_DATA_DIR)
    assert f"{prefix} disable --now edgeprof-agent.service" in fake_system.calls
    assert fake_system.calls[-1] == f"{prefix} reset-failed edgeprof-agent.service"
    assert said[-1] == "no data is left."
    assert fake_system.files() == set()


def test_data_stays_unless_it_is_purged_and_the_link_to_it_goes_too(fake_system) -> None:
    home = fake_system.home(is_system=True)
    install(CONFIG, home)
    private = fake_system.root / "var/lib/private/edgeprof-agent"
    private.mkdir(parents=True)
    (private / "device_id").write_text("1")
    link = fake_system.root / "var/lib/edgeprof-agent"
    link.symlink_to("private/edgeprof-agent")
    assert "--purge removes it" in uninstall(home, purge=False, fallback_data_dir=SYSTEM_DATA_DIR)[-1]
    assert private.exists()
    uninstall(home, purge=True, fallback_data_dir=SYSTEM_DATA_DIR)
    assert not private.exists()
    assert not link.is_symlink()


def test_purge_spares_a_folder_that_is_no_agents_and_one_in_use(fake_system) -> None:
    home = fake_system.home(is_system=False)
    place = fake_system.root / "elsewhere"
    place.mkdir()
    (place / "thesis.tex").touch()
    with pytest.raises(InstallError, match="was kept"):
        uninstall(home, purge=True, fallback_data_dir=Path("/elsewhere"))
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InstallError, match="still uses"):
            uninstall(home, purge=True, fallback_data_dir=Path("/elsewhere"))
    assert (place / "thesis.tex").exists()


def test_an_install_that_fails_leaves_nothing(fake_system) -> None:
    home = fake_system.home(is_system=True)
    fake_system.fail_at("systemctl restart edgeprof-agent.service")
    with pytest.raises(InstallError, match=r"Unit is ill\..*journalctl -u edgeprof-agent"):
        install(CONFIG, home)
    assert fake_system.files() == set()


def test_an_install_over_an_earlier_one_that_fails_puts_that_back(fake_system) -> None:
    home = fake_system.home(is_system=True)
    install(CONFIG, home)
    before = home.unit_path.read_text()
    fake_system.fail_at("systemctl enable edgeprof-agent.service")
    with pytest.raises(InstallError):
        install(dataclasses.replace(CONFIG, port=1), home)
    assert home.unit_path.read_text() == before


def test_a_service_that_cannot_be_stopped_is_not_removed(fake_system) -> None:
    home = fake_system.home(is_system=True)
    install(CONFIG, home)
    fake_system.fail_at("systemctl disable --now edgeprof-agent.service")
    with pytest.raises(InstallError, match="nothing was removed"):
        uninstall(home, purge=True, fallback_data_dir=SYSTEM_DATA_DIR)
    assert home.unit_path.exists()


@pytest.mark.parametrize("lingers", [True, False])
def test_a_users_service_says_how_to_outlive_the_session(fake_system, lingers) -> None:
    fake_system.answer("Linger", "yes" if lingers else "no")
    said = " ".join(install(CONFIG, fake_system.home(is_system=False)))
    assert ("enable-linger" in said) is not lingers


def test_without_systemd_one_sentence_says_what_to_do(fake_system) -> None:
    termux = fake_system.home(is_system=False, PREFIX="/data/data/com.termux/files/usr")
    with pytest.raises(InstallError, match=r"Termux:Boot"):
        install(CONFIG, termux)
    (fake_system.root / "run/systemd/system").rmdir()
    with pytest.raises(InstallError, match="restart policy"):
        install(CONFIG, fake_system.home(is_system=True))
    assert (fake_system.calls, fake_system.files()) == ([], set())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"data_dir": Path("/srv/agent")}, "must be below /var/lib"),
        ({"log_file": Path("/var/log/agent.log")}, "log into its data folder only"),
    ],
)
def test_a_folder_that_the_services_user_cannot_write_is_refused(fake_system, change, sentence) -> None:
    with pytest.raises(InstallError, match=sentence):
        install(dataclasses.replace(CONFIG, **change), fake_system.home(is_system=True))
    assert fake_system.files() == set()


def test_a_python_that_others_cannot_start_is_refused(fake_system, monkeypatch) -> None:
    closed = fake_system.root / "home" / "python"
    closed.touch()
    closed.parent.chmod(0o700)
    monkeypatch.setattr(installation.sys, "executable", str(closed))
    with pytest.raises(InstallError, match="closed to others"):
        install(CONFIG, fake_system.home(is_system=True))


def test_a_system_service_has_its_own_data_folder_and_paths_are_absolute() -> None:
    config = AgentConfig(data_dir=Path("data"), log_file=Path("log"))
    assert service_config(config, is_system=True, has_own_data_dir=False).data_dir == SYSTEM_DATA_DIR
    named = service_config(config, is_system=True, has_own_data_dir=True)
    assert (named.data_dir, named.log_file) == (Path("data").absolute(), Path("log").absolute())


def test_beyond_loopback_the_device_gets_its_certificate_and_keeps_it(fake_system) -> None:
    home = fake_system.home(is_system=True)
    folder = fake_system.root / "var/lib/edgeprof-agent"
    install(CONFIG, home)
    assert not folder.exists()
    open_config = dataclasses.replace(CONFIG, host="0.0.0.0")
    install(open_config, home)
    identity = read_identity(folder)
    assert identity is not None
    install(open_config, home)
    assert read_identity(folder) == identity
