"""Confines this process by a plan, before it reads a model or imports a runtime. It cannot be undone.

`confine` must be called while the process has one thread: most safeguards apply to a thread and those that it starts.
A safeguard that the kernel refuses is skipped; the returned checks report it. So is one at which the system would end
the process: `trial.py` finds those out beforehand.
"""

import errno
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.isolation import kernel, landlock, readable_paths, seccomp
from edgeprof_agent.isolation.limits import count_tasks, limit_process
from edgeprof_agent.isolation.model_folder import ModelFolder, make_open_folders, outermost_closed
from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_agent.isolation.safeguards import (
    END,
    FILES,
    KERNEL_REMEDY,
    MEMORY,
    NETWORK,
    PRIVILEGES,
    SCRATCH,
    SYSTEM_CALLS,
    USER,
    Attempt,
    in_force,
    missing,
    reason,
)
from edgeprof_proto.records.check import Check

_NAMESPACES = {"mount": kernel.CLONE_NEWNS, "network": kernel.CLONE_NEWNET, "IPC": kernel.CLONE_NEWIPC}

_NAMESPACE_REMEDY = (
    "run the agent as root, or allow namespaces to all users (kernel.unprivileged_userns_clone=1, "
    "user.max_user_namespaces above 0, on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0)"
)
_LANDLOCK_REMEDY = "use Linux 5.13 or later with CONFIG_SECURITY_LANDLOCK, and add landlock to lsm= on its command line"
_SECCOMP_REMEDY = "use a kernel with CONFIG_SECCOMP_FILTER on x86_64, aarch64 or arm"
_PROC_REMEDY = "mount /proc where the agent runs"
_USER_REMEDY = "run the agent as a user of its own, or install Python and edgeprof where every user may read them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """The result of `confine`.

    Args:
        model_path: Path of the model as the confined process sees it; of its main file where it has several, which lie
            beside it under their names.
        inputs_path: Path of the archive with the values of inputs; None where there is none.
        checks: One check for each safeguard: whether it is in force, and if not, how to get it.
    """

    model_path: Path
    inputs_path: Path | None = None
    checks: tuple[Check, ...]


def confine(
    plan: IsolationPlan,
    model_path: Path,
    *,
    model_folder: Path | None = None,
    inputs_path: Path | None = None,
    on_attempt: Callable[[str], None] = lambda name: None,
) -> Confinement:
    """Confine this process by a plan.

    Args:
        plan: What the process may use, and the safeguards that must not be tried.
        model_path: The file of the agent that it may read.
        model_folder: Folder of the agent that the process may read with all that it holds, the model's file among it;
            None for none.
        inputs_path: Another file of the agent that it may read; None for none.
        on_attempt: Called with the name of each safeguard before it is tried.

    Raises:
        OSError: If the model or its inputs cannot be opened.
    """

    def attempt(name: str) -> None:
        if name in plan.unusable:
            raise OSError(errno.ENOSYS, plan.unusable[name])
        on_attempt(name)

    parent = os.getppid()
    system_paths = readable_paths.system_paths(plan)
    obstacle = plan.unusable.get(USER) or readable_paths.user_obstacle(plan, system_paths)
    user_id = None if obstacle else plan.user_id
    folder = None if model_folder is None else ModelFolder(model_folder)
    files = [_kept_open(path, user_id) for path in (model_path, inputs_path) if path is not None]
    user_task_count = count_tasks(os.getuid()) if user_id is None else 0
    device_paths = [*readable_paths.device_paths(), *filter(Path.exists, map(Path, plan.device_nodes))]
    granted = [
        *((path, landlock.READ) for path in system_paths),
        *((path, landlock.USE_DEVICE) for path in device_paths),
        *((Path(path), landlock.WRITE) for path in (".", *plan.writable_dirs)),
        *((path, landlock.READ) for path in files),
    ]
    namespaces = _leave_namespaces(attempt)
    checks = (
        _describe_network_namespace(namespaces),
        _enter_scratch(plan, user_id, namespaces.get("mount", ""), folder, attempt),
        limit_process(plan, user_task_count, attempt),
        _be_killed_first(attempt),
        _change_user(user_id, obstacle, device_paths, attempt),
        _drop_capabilities(attempt),
        _end_with_parent(parent, attempt),
        _restrict_files([*granted, *_granted_folder(folder)], attempt),
        _filter_system_calls(attempt),
    )
    confined_path = files[0]
    if folder is not None and model_folder is not None:
        confined_path = folder.location / model_path.relative_to(model_folder)
    return Confinement(model_path=confined_path, inputs_path=files[1] if inputs_path else None, checks=checks)


def _kept_open(path: Path, user_id: int | None) -> Path:
    """Open a file, and return a path of it that holds for another user and under another mount."""
    file = os.open(path, os.O_RDONLY)
    if user_id is not None:
        os.fchown(file, -1, user_id)
        os.fchmod(file, 0o640)
    # The worker's user cannot enter the folders above the file, but can reopen one that is open already.
    return Path(f"/proc/self/fd/{file}")


def _granted_folder(folder: ModelFolder | None) -> Iterator[tuple[Path, int]]:
    # Asked once the granting begins: where the folder can be reached depends on the user and the mounts.
    if folder is not None:
        yield folder.location, landlock.READ


def _leave_namespaces(attempt: Attempt) -> dict[str, str]:
    """Enter new namespaces; return the reason for each kind that the kernel refused."""
    try:
        attempt(NETWORK)
    except OSError as error:
        return dict.fromkeys(_NAMESPACES, reason(error))
    obstacles = _unshare_each()
    if "mount" not in obstacles:
        return obstacles
    # Without privileges: first a user namespace, in which this user has the needed rights.
    user, group = os.getuid(), os.getgid()
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path(f"/proc/self/{name}").write_text(text)
    except OSError as error:
        return dict.fromkeys(obstacles, reason(error))
    return _unshare_each()


def _unshare_each() -> dict[str, str]:
    obstacles = {}
    for name, flag in _NAMESPACES.items():
        try:
            kernel.unshare(flag)
        except OSError as error:
            obstacles[name] = reason(error)
    return obstacles


def _describe_network_namespace(obstacles: dict[str, str]) -> Check:
    name = NETWORK
    if "network" in obstacles:
        return missing(name, f"has the device's network interfaces ({obstacles['network']})", _NAMESPACE_REMEDY)
    return in_force(name, "has a network of its own, without interfaces")


def _enter_scratch(
    plan: IsolationPlan, user_id: int | None, obstacle: str, folder: ModelFolder | None, attempt: Attempt
) -> Check:
    """Mount an empty file system in memory over the agent's folder, for this process only, and work in it."""
    name = SCRATCH
    scratch = Path(plan.scratch_dir)
    owner = os.getuid() if user_id is None else user_id
    is_needed = any(
        Path(path).is_relative_to(plan.data_dir) for path in plan.writable_dirs
    ) or readable_paths.installed_within(plan)
    covered = plan.scratch_dir if is_needed else plan.data_dir
    if folder is not None:
        folder.open(user_id)
        if user_id is not None and not is_needed:
            # The worker's user must be able to follow the path of the folder.
            closed = outermost_closed(Path(covered))
            if closed is not None and not any(Path(path).is_relative_to(closed) for path in plan.writable_dirs):
                covered = str(closed)
    try:
        if obstacle:
            raise PermissionError(obstacle)
        attempt(name)
        kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
        options = f"size={plan.file_bytes},mode=0711"
        kernel.mount("edgeprof", covered, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
        make_open_folders(scratch)
        if folder is not None:
            folder.mount_again()
        check = in_force(name, f"is in memory, {plan.file_bytes} bytes at most, and covers {covered}")
    except OSError as error:
        finding = f"is on the disk, where the total size of files has no limit ({reason(error)})"
        check = missing(name, finding, _NAMESPACE_REMEDY)
    if user_id is not None:
        os.chown(scratch, owner, owner)
    os.chdir(scratch)
    return check


def _be_killed_first(attempt: Attempt) -> Check:
    name = MEMORY
    try:
        attempt(name)
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError as error:
        return missing(name, f"is not freed first when the device runs out of memory ({reason(error)})", _PROC_REMEDY)
    return in_force(name, "is freed first when the device runs out of memory, before any other process is ended")


def _change_user(user_id: int | None, obstacle: str, device_paths: list[Path], attempt: Attempt) -> Check:
    name = USER
    if user_id is None:
        if os.geteuid() != 0:
            return in_force(name, f"is the agent's, {os.getuid()}; an agent that runs as root gives it another")
        return missing(name, f"is root ({obstacle or 'as planned'})", _USER_REMEDY)
    try:
        attempt(name)
        # Accelerators belong to groups such as `render`.
        groups = {path.stat().st_gid for path in device_paths} - {0}
        os.setgroups(sorted(groups))
        os.setresgid(user_id, user_id, user_id)
        os.setresuid(user_id, user_id, user_id)
        # The kernel gives the files in /proc of a process that changed its user to root.
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    except OSError as error:
        return missing(name, f"is {os.getuid()}, not {user_id} ({reason(error)})", _NAMESPACE_REMEDY)
    return in_force(name, f"is {user_id}, who owns nothing on this device")


def _drop_capabilities(attempt: Attempt) -> Check:
    name = PRIVILEGES
    try:
        attempt(name)
        # First, since Landlock and seccomp require it.
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.drop_capabilities()
    except OSError as error:
        return missing(name, f"could not be given up ({reason(error)})", KERNEL_REMEDY)
    return in_force(name, "are given up and cannot be regained")


def _end_with_parent(parent: int, attempt: Attempt) -> Check:
    name = END
    try:
        attempt(name)
        # After the change of user, at which the kernel clears this setting.
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    except OSError as error:
        return missing(name, f"comes only when it notices that its agent has ended ({reason(error)})", KERNEL_REMEDY)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return in_force(name, "comes with the end of its agent, also when the agent is killed")


def _restrict_files(granted: Iterable[tuple[Path, int]], attempt: Attempt) -> Check:
    name = FILES
    try:
        attempt(name)
        version = landlock.restrict(granted)
    except OSError as error:
        return missing(name, f"are all that its user may open (no Landlock: {reason(error)})", _LANDLOCK_REMEDY)
    return in_force(name, f"are its model, its scratch folder and the system's libraries (Landlock {version})")


def _filter_system_calls(attempt: Attempt) -> Check:
    name = SYSTEM_CALLS
    try:
        attempt(name)
        seccomp.install()
    except OSError as error:
        return missing(name, f"are not filtered ({reason(error)})", _SECCOMP_REMEDY)
    return in_force(name, "for sockets, other processes, mounts and kernel internals are refused")
