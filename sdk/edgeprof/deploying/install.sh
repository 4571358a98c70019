#!/bin/sh
# Installs the edgeprof agent from this folder, without a network: sh install.sh [--listen HOST:PORT] [--folder DIR]
# Run it again after an update. sh install.sh --remove [--keep-results] removes it.
set -u
if [ "${1:-}" = --board ]; then
    shift
    # Here `edgeprof deploy --pack` puts the script that it runs on boards itself.
    :
    exit
fi
here=$(cd "$(dirname "$0")" && pwd)
listen=0.0.0.0:20763 folder='' act=install keep=''
while [ $# -gt 0 ]; do
    case "$1" in
    --listen) listen=${2:?} && shift ;;
    --folder) folder=${2:?} && shift ;;
    --remove) act=remove ;;
    --keep-results) keep=--keep-results ;;
    *) echo "usage: sh install.sh [--listen HOST:PORT] [--folder DIR] [--remove [--keep-results]]" >&2 && exit 2 ;;
    esac
    shift
done

facts=$(sh "$here/install.sh" --board look "$folder") || exit 1
fact() { echo "$facts" | sed -n "s/^$1 //p" | head -n 1; }
folder=$(fact folder)
board() {
    if [ "$(fact elevate)" = yes ]; then sudo -n sh "$here/install.sh" --board "$@"; else sh "$here/install.sh" --board "$@"; fi
}

if [ $act = remove ]; then
    board remove "$folder" $keep && echo "nothing of edgeprof is left in $folder"
    exit
fi

wanted=$(sed -n 's/.*"python": "\([0-9.]*\)".*/\1/p' "$here/wheels/release.json")
python=$(echo "$facts" | sed -n "s/^python $wanted\.[0-9]* [0-9]* - //p" | head -n 1)
if [ -z "$python" ]; then
    echo "these wheels are for Python $wanted with its standard library; this board has:" >&2
    echo "$facts" | sed -n 's/^python /  /p' >&2
    echo "pack for one of these: edgeprof deploy --pack ... --python X.Y" >&2
    exit 1
fi

echo "copying the wheels into $folder ..."
tar -cf - -C "$here/wheels" . | board take "$folder" || exit 1
echo "making the environment with $python ..."
if environment=$(board prepare "$folder" "$python") &&
    board start "$folder" "$environment" "$(fact service)" "$listen"; then
    echo "installed; pair a host with it: ${environment%python}edgeprof-agent pair"
else
    board undo "$folder"
    echo "the installation failed, and the board is as it was" >&2
    exit 1
fi
