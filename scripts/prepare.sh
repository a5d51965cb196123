#!/bin/sh
# Makes sure that cargo can build Bellerophon: Rust, a C linker, and libpcap to link with.
#
# Each is found out by trying it, not by asking which distribution this is. Where all of them work
# nothing is done. What is missing is installed with apt-get, as root or through sudo; where that
# is not possible, the message says what to install and the status is 1. Rust is never installed
# from here: how it gets onto a machine is its owner's choice.
#
# Environment: CARGO (the cargo to use), NO_INSTALL (not empty: only say what is missing),
# LIBPCAP_LIBDIR (where libpcap is, as the `pcap` crate understands it), NEEDS=valgrind (counting
# instructions needs it; building does not).
set -eu

cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" >&2
    exit 1
}

# --- Rust -------------------------------------------------------------------------------------

# at_least FOUND WANTED: compares versions like 1.88 and 1.95.0-nightly.
at_least() {
    awk -v found="$1" -v wanted="$2" 'BEGIN {
        split(found, f, /[.-]/); split(wanted, w, /[.-]/)
        for (i = 1; i <= 3; i++) if (f[i] + 0 != w[i] + 0) exit !(f[i] + 0 > w[i] + 0)
        exit 0
    }'
}

check_rust() {
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)
    how="Install Rust $wanted or newer from https://rustup.rs or your system's packages; with rustup
already there: rustup update stable"
    for tool in "$cargo" rustc; do
        if ! command -v "$tool" >/dev/null 2>&1; then
            [ -z "${SUDO_USER:-}" ] ||
                how="$how
Under sudo the Rust of $SUDO_USER is not in the PATH: run make without sudo, it asks for it itself."
            fail "$tool is not there, or not in the PATH" "$how"
        fi
        if ! said=$("$tool" --version 2>&1); then
            fail "$tool does not work: $said" "$how"
        fi
        found=$(printf '%s\n' "$said" | awk 'NR == 1 { print $2 }')
        at_least "$found" "$wanted" ||
            fail "$tool is version $found, but Bellerophon needs $wanted" \
                "Found: $(command -v "$tool")" "$how"
    done
}

# --- What Rust links with -----------------------------------------------------------------------

# links SOURCE [FLAG...]: whether the C compiler makes a program of it.
links() {
    printf '%s\n' "$1" >"$scratch/probe.c"
    shift
    cc -o "$scratch/probe" "$scratch/probe.c" "$@" >"$scratch/cc.log" 2>&1
}

has_cc() {
    links 'int main(void) { return 0; }'
}

# pcap.h comes in the same package as the library's link name, on every system.
has_libpcap() {
    if [ -n "${LIBPCAP_LIBDIR:-}" ]; then
        set -- "-L$LIBPCAP_LIBDIR" -lpcap
    elif pkg-config --exists libpcap 2>/dev/null; then
        # Flags are words: not quoted on purpose.
        # shellcheck disable=SC2046
        set -- $(pkg-config --libs libpcap)
    else
        set -- -lpcap
    fi
    links 'const char *pcap_lib_version(void); int main(void) { return !pcap_lib_version(); }' "$@"
}

# Sets `missing`, in words, and the packages that bring it.
find_missing() {
    missing='' debian='' fedora='' arch='' alpine='' suse='' mac=''
    if ! has_cc; then
        missing='a C compiler to link with (cc)'
        debian='gcc libc6-dev' fedora=gcc arch=gcc alpine='gcc musl-dev' suse=gcc
        mac='xcode-select --install'
        has_libpcap_file || add_libpcap
    elif ! has_libpcap; then
        add_libpcap
    fi
    if [ "${NEEDS:-}" = valgrind ] && ! valgrind --version >/dev/null 2>&1; then
        add_valgrind
    fi
}

add_valgrind() {
    missing="${missing:+$missing and }valgrind"
    debian="${debian:+$debian }valgrind" fedora="${fedora:+$fedora }valgrind"
    arch="${arch:+$arch }valgrind" alpine="${alpine:+$alpine }valgrind"
    suse="${suse:+$suse }valgrind" mac="${mac:+$mac; }there is no valgrind for it: use Linux"
}

# Without a compiler linking cannot be tried, so somebody's word has to do.
has_libpcap_file() {
    [ -n "${LIBPCAP_LIBDIR:-}" ] || pkg-config --exists libpcap 2>/dev/null
}

add_libpcap() {
    missing="${missing:+$missing and }libpcap with its development files"
    debian="${debian:+$debian }libpcap-dev" fedora="${fedora:+$fedora }libpcap-devel"
    arch="${arch:+$arch }libpcap" alpine="${alpine:+$alpine }libpcap-dev"
    suse="${suse:+$suse }libpcap-devel" mac="${mac:+$mac && }brew install libpcap"
}

what_to_install() {
    cat <<END
Install it, then run make again:
  Debian, Ubuntu      apt-get install $debian
  Fedora, RHEL        dnf install $fedora
  Arch                pacman -S $arch
  Alpine              apk add $alpine
  openSUSE            zypper install $suse
  macOS               $mac
END
    case $missing in *libpcap*) cat <<'END' ;; esac
On RHEL and its rebuilds libpcap-devel is in the repository CRB (CodeReady Builder). Where libpcap
lies in a place of its own, set LIBPCAP_LIBDIR to the folder that holds it.
END
    [ ! -s "$scratch/cc.log" ] || sed 's/^/  cc said: /;5q' "$scratch/cc.log"
}

give_up() {
    fail "$missing not found; $1" "$(what_to_install)"
}

# --- Installing -----------------------------------------------------------------------------------

# Runs apt-get quietly; what it said is shown only where it failed.
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" \
        </dev/null >>"$scratch/apt.log" 2>&1
}

install_missing() {
    [ -z "${NO_INSTALL:-}" ] || give_up 'NO_INSTALL is set'
    command -v apt-get >/dev/null 2>&1 ||
        give_up 'this script can install packages only with apt-get, which is not there'
    as_root=''
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 ||
            give_up 'installing packages takes root, and there is no sudo'
        if ! sudo -n true 2>/dev/null; then
            [ -t 0 ] || give_up 'installing packages takes root, and sudo wants a password'
            echo "sudo is needed for: apt-get install $debian"
            sudo true || give_up 'installing packages takes root, and sudo refused'
        fi
        as_root=sudo
    fi
    echo "Missing: $missing. Installing with apt-get: $debian"
    # Old lists name packages that are gone. One broken source must not stop the others.
    apt update || true
    # Package names are words: not quoted on purpose.
    # shellcheck disable=SC2086
    if ! apt install -y --no-install-recommends $debian; then
        tail -n 15 "$scratch/apt.log" >&2
        give_up 'apt-get could not install it (see above)'
    fi
    find_missing
    [ -z "$missing" ] || give_up "apt-get installed $debian, and yet it does not work"
}

check_rust
find_missing
[ -z "$missing" ] || install_missing
