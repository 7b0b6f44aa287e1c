# Sourced by the scripts that tell stories of the installer: a home of their own in `dir`, and what to say of a run.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
dir=$1
mkdir -p "$dir"
dir=$(CDPATH='' cd -- "$dir" && pwd)
export HOME="$dir/home" CC2CC_HOME="$dir/mail"
unset CLAUDE_CONFIG_DIR CC2CC_NAME CC2CC_RELEASES CC2CC_VERSION CC2CC_HAVE CC2CC_INSTALLED_FROM
plugin=$HOME/.claude/skills/cc2cc
log=$dir/log

story() {
    printf '%s\n' "$1"
    rm -rf "$HOME" "$CC2CC_HOME"
    mkdir "$HOME"
}

fail() {
    cat "$log" >&2
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    exit 1
}

# Runs what should succeed; what it prints goes to the log.
succeeds() {
    "$@" >"$log" 2>&1 || fail "it should succeed: $*"
}

# Runs what should fail and leave nothing behind.
refuses() {
    code=0
    "$@" >"$log" 2>&1 || code=$?
    [ "$code" = 1 ] || fail "it should end with 1, not $code"
    [ -z "$(ls -A "$HOME")" ] || fail "it should leave nothing behind: $(ls -A "$HOME")"
    [ ! -e "$CC2CC_HOME" ] || fail 'it should make no mail directory'
}

says() {
    grep -qF -- "$1" "$log" || fail "it should say: $1"
}

# A folder with the programs named, to be all of a PATH.
tools() {
    mkdir -p "$1"
    folder=$1
    shift
    for tool in "$@"; do
        ln -sf "$(command -v "$tool")" "$folder/$tool"
    done
}
