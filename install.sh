#!/bin/sh
# Builds cc2cc, or takes it from a release archive, and installs it into Claude Code. Run it again to update.
# shellcheck disable=SC2016 # backticks in messages are for the reader
set -eu

usage() {
    cat <<'END'
Usage: ./install.sh [--archive FILE.tar.gz]

Builds cc2cc with cargo and installs it into Claude Code; run again, it updates.
  --archive FILE   take the binary from a release archive instead of building it
  --help           print this

CARGO_TARGET_DIR says where to build, CLAUDE_CONFIG_DIR where Claude Code keeps its files.
END
}

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    shift
    for hint in "$@"; do
        printf 'hint: %s\n' "$hint" >&2
    done
    exit 1
}

main() {
    archive=
    while [ $# -gt 0 ]; do
        case $1 in
            --archive)
                [ $# -ge 2 ] || usage_error '--archive needs a file'
                archive=$2
                shift
                ;;
            --archive=*) archive=${1#*=} ;;
            -h | --help)
                usage
                exit 0
                ;;
            *) usage_error "there is no option $1" ;;
        esac
        shift
    done
    [ -n "${HOME:-}" ] || fail 'HOME is not set' 'say where to install: HOME=/home/you ./install.sh'

    here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP

    if [ -n "$archive" ]; then
        unpack
    else
        build
    fi
    "$binary" install
    echo
    "$binary" demo || fail 'cc2cc is installed, but its demo failed' "\`$binary doctor\` looks into it"
    say_what_next
}

usage_error() {
    printf 'install.sh: %s\n' "$1" >&2
    usage >&2
    exit 2
}

# Sets `binary` to the one in the archive, once it has been seen to run.
unpack() {
    [ -f "$archive" ] || fail "there is no file $archive"
    case $archive in
        -*) archive=./$archive ;;
    esac
    tar -tzf "$archive" >"$scratch/list" 2>"$scratch/log" ||
        fail "$archive is not a .tar.gz archive, or it is damaged" 'fetch it again'
    member=$(sed -n -e '/^cc2cc$/p' -e '/\/cc2cc$/p' "$scratch/list" | head -n 1)
    [ -n "$member" ] || fail "$archive holds no file named cc2cc, so it is no release of cc2cc"
    mkdir "$scratch/archive"
    tar -xzf "$archive" -C "$scratch/archive" "$member" 2>"$scratch/log" || fail "$archive is damaged" 'fetch it again'
    binary=$scratch/archive/$member
    version=$("$binary" --version 2>"$scratch/log") ||
        fail "the cc2cc in $archive does not run on this machine ($(uname -sm))" \
            'take the archive made for this system, or build it: ./install.sh'
    echo "unpacked $version"
}

# Builds `binary`.
build() {
    PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin # a shell that was open when Rust was installed lacks it
    export PATH
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$here/Cargo.toml")
    if ! command -v cargo >"$scratch/log" || ! command -v rustc >"$scratch/log"; then
        fail 'cargo was not found, and it is needed to build cc2cc' \
            "install Rust $wanted or later with rustup, and run this again" \
            'with a release archive nothing is built: ./install.sh --archive FILE.tar.gz'
    fi
    rustc -vV >"$scratch/rustc" || fail 'rustc does not run' '`rustup default stable` sets it up'
    host=$(sed -n 's/^host: //p' "$scratch/rustc")
    release=$(sed -n 's/^release: //p' "$scratch/rustc")
    is_recent "$release" "$wanted" ||
        fail "Rust $release is too old, cc2cc needs $wanted" '`rustup update stable` brings a newer one'
    links || fail 'Rust cannot link programs here' 'install a C compiler; on Debian and Ubuntu: apt-get install build-essential'

    # A static binary starts in half the time, and it starts with every prompt. Naming the target keeps the flag away
    # from cargo's own helpers, which cannot be static.
    case $host in
        *-linux-gnu* | *-linux-musl*)
            if links -C target-feature=+crt-static; then
                RUSTFLAGS="${RUSTFLAGS:+$RUSTFLAGS }-C target-feature=+crt-static"
                export RUSTFLAGS
            fi
            ;;
    esac
    echo 'building cc2cc (the first time this takes some minutes)'
    manifest=$here/Cargo.toml
    cargo build --release --locked --quiet --manifest-path "$manifest" --target "$host" ||
        fail 'the build failed, see above; nothing was installed'
    cargo metadata --manifest-path "$manifest" --no-deps --format-version 1 >"$scratch/metadata"
    target=$(sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p' "$scratch/metadata")
    binary=$target/$host/release/cc2cc
    case $host in
        *-windows-*) binary=$binary.exe ;;
    esac
    [ -x "$binary" ] || fail "cargo built no $binary; nothing was installed"
}

# Whether version $1 is at least $2; only the first two numbers count.
is_recent() {
    echo "$1 $2" | awk '{ split($1, a, "."); split($2, b, "."); exit !(a[1] > b[1] || a[1] == b[1] && a[2] >= b[2]) }'
}

# Whether a program links with these flags.
links() {
    echo 'fn main() {}' >"$scratch/probe.rs"
    rustc --target "$host" "$@" -o "$scratch/probe" "$scratch/probe.rs" 2>"$scratch/log"
}

say_what_next() {
    cat <<'END'

Now open two terminals and run `claude` in each. Each session says its name as it starts:

    cc2cc: you are brave-fox

Then write from one to the other, with the name you see there:

    /cc2cc:send calm-owl what are you working on?

or ask Claude to do it: "ask calm-owl what it is working on".
END
    if ! command -v claude >"$scratch/log"; then
        printf '\n%s\n' 'There is no `claude` on your PATH yet; cc2cc needs Claude Code 2.1.200 or later.'
    fi
}

main "$@"
