#!/bin/sh
# Installs cc2cc into Claude Code. In a checkout it builds it; piped into a shell, or anywhere else, it fetches the
# release for this machine and checks it. Run it again to update.
# shellcheck disable=SC2016 # backticks in messages are for the reader
set -eu

# The releases as GitHub lays them out: latest/download/FILE and download/vVERSION/FILE. What stands before `/releases`
# is the repository, which cargo builds from where there is no release for the machine.
CC2CC_RELEASES=${CC2CC_RELEASES:-https://github.com/cc2cc/cc2cc/releases}

usage() {
    cat <<END
Usage: ./install.sh [--archive FILE.tar.gz | --link]
       curl -fsSL $CC2CC_RELEASES/latest/download/install.sh | sh

Installs cc2cc into Claude Code; run again, it updates. In a checkout it is built with cargo. Elsewhere the release for
this machine is fetched and checked; where there is none, cargo builds it.
  --archive FILE   take the binary from a release archive
  --link           in a checkout: build and install cc2cc-link beside it, for letters between machines
  --help           print this

CC2CC_VERSION picks a release (the newest one), CC2CC_RELEASES says where releases are, CARGO_TARGET_DIR where to build,
CLAUDE_CONFIG_DIR where Claude Code keeps its files.
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
    with_link=
    while [ $# -gt 0 ]; do
        case $1 in
            --link) with_link=yes ;;
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
    [ -z "$with_link" ] || { [ -z "$archive" ] && is_checkout; } ||
        fail 'cc2cc-link is built in a checkout alone' "git clone the repository, and run ./install.sh --link there"
    [ -n "${HOME:-}" ] || fail 'HOME is not set' 'say where to install: HOME=/home/you ./install.sh'

    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP

    from=release
    if [ -n "$archive" ]; then
        unpack
    elif is_checkout; then
        from=checkout:$here
        build
    else
        fetch_release
    fi
    # The list of what is installed says where it came from, for `cc2cc update`.
    CC2CC_INSTALLED_FROM=$from "$binary" install ${with_link:+--with-link "$link"} </dev/null
    [ -z "${CC2CC_HAVE:-}" ] || exit 0
    echo
    "$binary" demo </dev/null || fail 'cc2cc is installed, but its demo failed' "\`$binary doctor\` looks into it"
    say_what_next
}

# Whether this script is a file in a checkout; sets `here`. Piped into a shell it is none, wherever that shell stands.
is_checkout() {
    [ -z "${CC2CC_HAVE:-}" ] && [ -f "$0" ] || return 1
    here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
    [ -f "$here/Cargo.toml" ] && [ -n "$(sed -n '/^name = "cc2cc"$/p' "$here/Cargo.toml")" ]
}

usage_error() {
    printf 'install.sh: %s\n' "$1" >&2
    usage >&2
    exit 2
}

# Sets `binary` to that of the release for this machine. Where there is none or it cannot be reached, cargo builds it,
# but never in an update. A checksum that does not fit or an archive that breaks off never leads to a build. SHA256SUMS
# comes first and names the version; the archive is fetched by that version's address.
fetch_release() {
    wanted=${CC2CC_VERSION:-}
    wanted=${wanted#v}
    case $wanted in
        *[!0-9A-Za-z.+-]*) fail "CC2CC_VERSION=$wanted is not a version" 'write it like 1.2.3, or leave it out' ;;
        '') place=$CC2CC_RELEASES/latest/download ;;
        *) place=$CC2CC_RELEASES/download/v$wanted ;;
    esac
    if ! find_system; then
        install_with_cargo "there are no releases for this system ($(uname -sm))"
        return
    fi
    if ! fetch "$place/SHA256SUMS" "$scratch/SHA256SUMS"; then
        install_with_cargo "could not fetch $place/SHA256SUMS: $why"
        return
    fi
    awk '{ sub(/^\*/, "", $2); print $2 }' "$scratch/SHA256SUMS" >"$scratch/names"
    name=$(sed -n "/^cc2cc-[0-9A-Za-z.+-]*-$system\\.tar\\.gz\$/p" "$scratch/names" | head -n 1)
    if [ -z "$name" ]; then
        install_with_cargo "the release has no archive for $system"
        return
    fi
    version=${name#cc2cc-}
    version=${version%"-$system.tar.gz"}
    [ -z "$wanted" ] || [ "$version" = "$wanted" ] ||
        fail "$place holds version $version" 'nothing was installed'
    stop_if_newest
    wanted=$version

    echo "fetching $name"
    archive=$scratch/$name
    fetch "$CC2CC_RELEASES/download/v$version/$name" "$archive" ||
        fail "could not fetch $CC2CC_RELEASES/download/v$version/$name: $why" 'nothing was installed; try again'
    sum=$(awk -v name="$name" '{ sub(/^\*/, "", $2) } $2 == name { print $1; exit }' "$scratch/SHA256SUMS")
    sha256 "$archive" >"$scratch/hash"
    [ "$sum" = "$(sed 's/^.*= //; s/ .*//' "$scratch/hash")" ] ||
        fail "$name is not what SHA256SUMS says: it came damaged, or somebody has changed it" \
            'nothing was installed; try again, and if it stays so tell the project'
    unpack
}

# Sets `system` to the name that the archives for this machine have.
find_system() {
    case $(uname -s) in
        Linux) system=unknown-linux-musl ;;
        Darwin) system=apple-darwin ;;
        MINGW* | MSYS* | CYGWIN*)
            fail 'this script does not install releases on Windows' \
                "in PowerShell: irm $CC2CC_RELEASES/latest/download/install.ps1 | iex"
            ;;
        *) return 1 ;;
    esac
    case $(uname -m) in
        x86_64 | amd64) machine=x86_64 ;;
        aarch64 | arm64) machine=aarch64 ;;
        *) return 1 ;;
    esac
    # A shell that runs translated on Apple's processors calls them x86_64.
    if [ "$system" = apple-darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>"$scratch/log")" = 1 ]; then
        machine=aarch64
    fi
    system=$machine-$system
}

# Fetches address $1 into file $2; else `why` says what was wrong.
fetch() {
    case $1 in
        https:*) secure='--proto =https --tlsv1.2' ;;
        *) secure= ;;
    esac
    if command -v curl >"$scratch/log"; then
        # shellcheck disable=SC2086 # several words, or none
        curl -fsSL --connect-timeout 30 --retry 2 $secure -o "$2" "$1" 2>"$scratch/log" && return
    elif command -v wget >"$scratch/log" && wget --version >"$scratch/log" 2>&1; then # the one that checks certificates
        wget -nv --connect-timeout=30 --tries=3 -O "$2" "$1" 2>"$scratch/log" && return
    else
        echo 'neither curl nor GNU wget was found' >"$scratch/log"
    fi
    why=$(tail -n 1 "$scratch/log")
    return 1
}

# Prints the SHA-256 of a file, and perhaps its name.
sha256() {
    if command -v sha256sum >"$scratch/log"; then
        sha256sum <"$1"
    elif command -v shasum >"$scratch/log"; then
        shasum -a 256 <"$1"
    elif command -v openssl >"$scratch/log"; then
        openssl dgst -sha256 <"$1"
    else
        fail 'none of sha256sum, shasum and openssl was found, so the release cannot be checked' 'install one of them'
    fi
}

# An update, which says in CC2CC_HAVE what is installed, ends here when there is nothing newer.
stop_if_newest() {
    if [ -z "${CC2CC_HAVE:-}" ]; then
        return
    elif [ "$version" = "$CC2CC_HAVE" ]; then
        echo "cc2cc $version is installed already"
    elif [ -z "$wanted" ] && is_recent "$CC2CC_HAVE" "$version"; then
        echo "cc2cc $CC2CC_HAVE is installed already; the newest release is $version"
    else
        return 0
    fi
    exit 0
}

# Sets `binary` to one built by cargo from the repository, because of $1.
install_with_cargo() {
    [ -z "${CC2CC_HAVE:-}" ] || fail "$1" 'nothing was changed; try again later'
    from=source
    repository=${CC2CC_RELEASES%/releases}
    echo "$1; building it with cargo from $repository"
    prepare_cargo "$1"
    cargo install --profile local --locked --quiet --git "$repository" ${wanted:+--tag "v$wanted"} --target "$host" \
        --root "$scratch/cargo" cc2cc 2>"$scratch/log" || {
        cat "$scratch/log" >&2
        fail "$1, and cargo could not build it from $repository" 'nothing was installed'
    }
    binary=$scratch/cargo/bin/cc2cc
}

# Sets `binary` to the one in the archive, once it has been seen to run.
unpack() {
    [ -f "$archive" ] || fail "there is no file $archive"
    case $archive in
        -*) archive=./$archive ;;
    esac
    tar -tzf "$archive" >"$scratch/list" 2>"$scratch/log" ||
        fail "$archive is not a .tar.gz archive, or it is damaged" 'fetch it again'
    member=$(sed -n -e '/^cc2cc$/p' -e '/^[^/]*\/cc2cc$/p' "$scratch/list" | head -n 1)
    [ -n "$member" ] || fail "$archive holds no file named cc2cc, so it is no release of cc2cc"
    mkdir "$scratch/archive"
    tar -xzf "$archive" -C "$scratch/archive" "$member" 2>"$scratch/log" || fail "$archive is damaged" 'fetch it again'
    binary=$scratch/archive/$member
    version=$("$binary" --version 2>"$scratch/log") ||
        fail "the cc2cc in $archive does not run on this machine ($(uname -sm))" \
            'take the archive made for this system, or build it: ./install.sh in a checkout'
    echo "unpacked $version"
}

# Builds `binary` from the checkout in `here`.
build() {
    prepare_cargo 'cargo is needed to build cc2cc' "$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$here/Cargo.toml")"
    echo 'building cc2cc (the first time this takes some minutes)'
    manifest=$here/Cargo.toml
    cargo build --profile local --locked --quiet --manifest-path "$manifest" --target "$host" ||
        fail 'the build failed, see above; nothing was installed'
    cargo metadata --manifest-path "$manifest" --no-deps --format-version 1 >"$scratch/metadata"
    target=$(sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p' "$scratch/metadata")
    binary=$target/$host/local/cc2cc
    case $host in
        *-windows-*) binary=$binary.exe ;;
    esac
    [ -x "$binary" ] || fail "cargo built no $binary; nothing was installed"
    [ -n "$with_link" ] || return 0
    # On its own, so that cc2cc itself is built without the network.
    cargo build --profile local --locked --quiet --manifest-path "$manifest" --target "$host" --features link \
        --bin cc2cc-link ||
        fail 'the build of cc2cc-link failed, see above; nothing was installed'
    link=$target/$host/local/cc2cc-link
    case $host in
        *-windows-*) link=$link.exe ;;
    esac
}

# Finds cargo, which is needed because of $1, and sets `host` and the flags to build with; $2 is the oldest Rust that will do.
prepare_cargo() {
    PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin # a shell that was open when Rust was installed lacks it
    export PATH
    if ! command -v cargo >"$scratch/log" || ! command -v rustc >"$scratch/log"; then
        fail "$1, and cargo was not found" \
            "install Rust${2:+ $2 or later} with rustup, and run this again" \
            'with a release archive nothing is built: ./install.sh --archive FILE.tar.gz'
    fi
    rustc -vV >"$scratch/rustc" || fail 'rustc does not run' '`rustup default stable` sets it up'
    host=$(sed -n 's/^host: //p' "$scratch/rustc")
    release=$(sed -n 's/^release: //p' "$scratch/rustc")
    [ -z "${2:-}" ] || is_recent "$release" "$2" ||
        fail "Rust $release is too old, cc2cc needs $2" '`rustup update stable` brings a newer one'
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
}

# Whether version $1 is at least $2, by their numbers.
is_recent() {
    echo "$1 $2" | awk '{
        split($1, a, "."); split($2, b, ".")
        for (i = 1; i < 3 && a[i] + 0 == b[i] + 0; i++);
        exit a[i] + 0 < b[i] + 0
    }'
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

    /send calm-owl what are you working on?

or ask Claude to do it: "ask calm-owl what it is working on". In a third terminal `cc2cc watch` shows letters as they go,
and `cc2cc help` has worked examples.
END
    if ! command -v claude >"$scratch/log"; then
        printf '\n%s\n' 'There is no `claude` on your PATH yet; cc2cc needs Claude Code 2.1.200 or later.'
    fi
}

main "$@"
