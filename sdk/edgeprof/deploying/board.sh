#!/bin/sh
# What `edgeprof deploy` runs on a board before edgeprof is there, and after it has gone. Any POSIX shell runs it.
#   look [FOLDER]                  print what the board is, a fact to a line
#   have FOLDER                    print the SHA-256 and the name of each wheel that is there
#   take FOLDER                    unpack an archive from stdin; keep the wheels that arrived whole
#   prepare FOLDER PYTHON          make the environment of the release
#   start FOLDER PYTHON SERVICE LISTEN    start the agent from it
#   undo FOLDER                    remove what belongs to no finished deployment
#   remove FOLDER [--keep-results] stop the agent, remove all
set -u

MARK=.edgeprof-deployment

die() {
    echo "$*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

is_termux() { case "${PREFIX:-}:${HOME:-}" in *com.termux*) true ;; *) false ;; esac; }

# First line: version, bits and missing modules of an interpreter, then its path.
PYTHON_FACTS='
import importlib.util, os, struct, sys
wanted = ("venv", "zipimport", "json", "_sqlite3", "_ssl", "_ctypes")
missing = [name for name in wanted if importlib.util.find_spec(name) is None]
version = "%d.%d.%d" % sys.version_info[:3]
bits = 8 * struct.calcsize("P")
print("python", version, bits, ",".join(missing) or "-", os.path.realpath(sys.executable))
'

# Packages of the system that stand in for wheels where there are none.
PACKAGE_FACTS='
from importlib import metadata
for name in ("cffi", "cryptography", "grpcio", "numpy", "onnxruntime"):
    try:
        print("package", name, metadata.version(name))
    except metadata.PackageNotFoundError:
        pass
'

look() {
    home=${HOME:-/}
    id=$(id -u)
    echo "board 1"
    echo "system $(uname -s)"
    echo "machine $(uname -m)"
    echo "home $home"
    [ -r /etc/os-release ] && (. /etc/os-release && echo "name ${PRETTY_NAME:-}")
    libc
    for manager in pkg apt-get dnf yum zypper pacman apk opkg; do
        if has $manager && { [ $manager != pkg ] || is_termux; }; then
            echo "manager $manager"
            break
        fi
    done
    is_termux && echo "termux yes"
    for tool in tar sha256sum mkdir df; do has $tool || echo "lacks $tool"; done
    elevate=no
    if [ "$id" = 0 ]; then
        echo "root yes"
    elif has sudo && sudo -n true 2>/dev/null; then
        echo "sudo yes"
        elevate=yes
    elif has sudo; then
        echo "sudo password"
    fi
    place "${1:-}"
    pythons
}

libc() {
    if is_termux; then
        echo "libc bionic 0.0"
    elif version=$(getconf GNU_LIBC_VERSION 2>/dev/null); then
        echo "libc $version"
    else
        for loader in /lib/ld-musl-*.so.1; do
            [ -e "$loader" ] && echo "libc musl $("$loader" 2>&1 | sed -n 's/^Version \([0-9]*\.[0-9]*\).*/\1/p')"
        done
    fi
}

# Where the deployment is or will be, and how its agent is started: as the one before, or as well as the board can.
place() {
    service=none
    if ! is_termux && [ -d /run/systemd/system ] && has systemctl; then
        if [ "$id" = 0 ] || [ $elevate = yes ]; then
            service=system
        elif systemctl --user show-environment >/dev/null 2>&1; then
            service=user
        fi
    fi
    own=$home/.local/share/edgeprof
    folder=$1
    [ -n "$folder" ] || for place in "$own" /opt/edgeprof; do
        [ -z "$folder" ] && [ -e "$place/$MARK" ] && folder=$place
    done
    if [ -z "$folder" ]; then
        folder=$own
        if [ "$id" = 0 ] || [ $service = system ]; then folder=/opt/edgeprof; fi
    fi
    record=$(cat "$folder/deployment.json" 2>/dev/null)
    case "$record" in
    *'"service": "'*) service=${record#*\"service\": \"} service=${service%%\"*} ;;
    esac
    [ "$id" != 0 ] && [ $service = system ] && echo "elevate yes"
    echo "service $service"
    echo "folder $folder"
    if [ -e "$folder/$MARK" ]; then
        echo "state ours"
    elif [ -n "$(ls -A "$folder" 2>/dev/null)" ]; then
        echo "state foreign"
    fi
    [ -n "$record" ] && echo "record $record"
    parent=$folder
    while [ ! -d "$parent" ]; do parent=$(dirname "$parent"); done
    df -Pk "$parent" 2>/dev/null | sed -n '2s/^.* \([0-9][0-9]*\)  *[0-9]*% .*$/free_kib \1/p'
}

pythons() {
    seen=
    for name in python3 python3.13 python3.12 python3.11 python3.10; do
        facts=$("$name" -c "$PYTHON_FACTS" 2>/dev/null) || continue
        case "$seen" in *"${facts##* };"*) continue ;; esac
        [ -z "$seen" ] && "${facts##* }" -c "$PACKAGE_FACTS" 2>/dev/null
        seen="$seen${facts##* };"
        echo "$facts"
    done
}

have() {
    cd "$1/wheels" 2>/dev/null || return 0
    # A power cut may have left the folder without a wheel.
    for wheel in *.whl; do [ ! -e "$wheel" ] || sha256sum "$wheel" || return 1; done
}

# The folders above a path that are not there yet.
absent_above() {
    above=$(dirname "$1")
    while [ ! -d "$above" ]; do
        echo "$above"
        above=$(dirname "$above")
    done
}

open_folder() {
    # The agent's worker, which has a user of its own where the agent is root's, reads the environment too.
    if [ "$(id -u)" = 0 ]; then umask 022; else umask 077; fi
    # Those above the agent's data too, which it makes itself.
    made=$(absent_above "$1" && absent_above "${XDG_DATA_HOME:-${HOME:-}/.local/share}/edgeprof-agent")
    mkdir -p "$1" || die "the folder $1 cannot be made on the board; name another with --folder"
    if [ ! -e "$1/$MARK" ]; then
        [ -z "$(ls -A "$1")" ] || die "$1 on the board is not empty and not edgeprof's; name another with --folder"
        echo "$made" >"$1/$MARK"
    fi
    [ "$(id -u)" = 0 ] || chmod 700 "$1"
}

take() {
    open_folder "$1"
    cd "$1" || exit 1
    rm -rf incoming
    mkdir -p incoming wheels || exit 1
    (cd incoming && tar -xf -)
    status=$?
    # A wheel that was cut off is not what it says, and is sent again.
    while read -r digest name; do
        [ -e "incoming/$name" ] || continue
        [ "$(sha256sum <"incoming/$name")" = "$digest  -" ] && mv "incoming/$name" "wheels/$name"
    done <incoming/wheels.sha256
    [ $status = 0 ] || die "the transfer was cut off, or the disk of the board is full"
    (cd wheels && sha256sum -c ../incoming/wheels.sha256 >/dev/null) || die "some wheels did not arrive whole"
    mv incoming/release.json release.json && rm -rf incoming
}

prepare() {
    own=
    for wheel in "$1"/wheels/edgeprof-*.whl; do
        grep -qF "\"${wheel##*/}\"" "$1/release.json" && own=$wheel
    done
    PYTHONPATH=$own exec "$2" -B -m edgeprof_agent.deployment prepare --wheels "$1/wheels" "$1"
}

start() {
    exec "$2" -m edgeprof_agent.deployment start --service "$3" --listen "$4" "$1"
}

release_in_force() {
    sed -n 's/.*"release_id": "\([0-9a-f]*\)".*/\1/p' "$1/deployment.json"
}

environment() {
    for python in "$1/environments/$(release_in_force "$1")/bin/python" "$1"/environments/*/bin/python; do
        "$python" -c 'import edgeprof_agent.deployment.starting' 2>/dev/null && echo "$python" && return
    done
    return 1
}

# Removes a folder, the mark last, and those above that were made for it and that nothing else came into.
remove_folder() {
    made=$(cat "$1/$MARK")
    (cd "$1" && rm -rf -- *)
    rm -rf "$1"
    echo "$made" | sort -ru | while read -r above; do [ -z "$above" ] || rmdir "$above" 2>/dev/null; done
    [ ! -e "$1" ]
}

undo() {
    [ -e "$1/$MARK" ] || return 0
    cd "$1" || exit 1
    if [ ! -e deployment.json ]; then
        cd /
        remove_folder "$1"
        return
    fi
    rm -rf incoming
    release=$(release_in_force .)
    for other in environments/*; do [ "${other##*/}" = "$release" ] || rm -rf "$other"; done
    [ -e "environments/$release/release.json" ] || return 0
    cp "environments/$release/release.json" release.json
    for wheel in wheels/*; do grep -qF "\"${wheel#wheels/}\"" release.json || rm -f "$wheel"; done
}

remove() {
    # One whose host was killed may have ended in the meantime.
    [ -e "$1/$MARK" ] || { echo "there is no deployment in $1." && return; }
    if [ -e "$1/deployment.json" ]; then
        python=$(environment "$1") || die "the environment in $1 is damaged: deploy again, then remove"
        "$python" -m edgeprof_agent.deployment remove ${2:+"$2"} "$1" || exit 1
        # From here on nothing runs from the folder any more, and a second call only removes what is left of it.
        rm -f "$1/deployment.json"
    fi
    remove_folder "$1"
}

# Python would import what lies in the working folder.
cd /
command=${1:-}
[ $# -gt 0 ] && shift
case "$command" in
look | have | take | prepare | start | undo | remove) "$command" "$@" ;;
*) die "unknown command: $command" ;;
esac
