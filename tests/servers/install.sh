#!/usr/bin/env bash
# Installs the database servers that the tests start, where that may be done: on Debian, as
# root, unless BEAM_INGEST_TEST_INSTALL=no. Never fails: the tests of a server that cannot be
# had are skipped and say so (where CI is set, they fail).
set -uo pipefail

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || command -v initdb > /dev/null ||
    missing+=(postgresql)
command -v mariadbd > /dev/null || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)

if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if [ "${BEAM_INGEST_TEST_INSTALL:-yes}" = no ] || [ "$(id -u)" != 0 ] ||
    ! command -v apt-get > /dev/null; then
    echo "not installed, so their tests cannot run: ${missing[*]}"
    exit 0
fi

echo "installing ${missing[*]}"
# RUNLEVEL=1: the packages are to be installed, but their services not to be started.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
if ! { apt-get update -qq &&
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}" > /dev/null; }; then
    echo "apt-get could not install them, so their tests cannot run"
fi
exit 0
