#!/bin/sh
# Installs what the tests need from the system and is not there: real clients to test with. For Debian and its kin;
# elsewhere it says what is missing.
set -eu

missing=
need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need chromium chromium
need nc netcat-openbsd
need ncat ncat
need telnet telnet
need openssl openssl
need node nodejs
need npm npm
[ -z "$missing" ] && exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
if ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need these programs; please install them:$missing" >&2
    exit 1
fi
echo "installing$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null
