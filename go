#!/bin/sh
# ./go demo | test | check | run …   sets up what is missing, then does it.
# Needs Python 3.11 or newer and nothing else. Uses uv where it is present.
set -eu
cd "$(dirname "$0")"

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for name in "${PYTHON:-}" python3.14 python3.13 python3.12 python3.11 python3 python; do
        [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$name"
            return
        fi
    done
    say "Python 3.11 or newer is needed and none was found."
    exit 1
}

# With pip in it, so that one whose making was interrupted is made again.
make_venv() {
    [ -x .venv/bin/pip ] && return
    python=$(find_python)
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --seed --allow-existing --python "$python" .venv
        return
    fi
    "$python" -c 'import ensurepip' 2>/dev/null || install_ensurepip "$python"
    "$python" -m venv .venv
}

# Debian and Ubuntu keep it apart from Python, in one package a version of Python.
install_ensurepip() {
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if ! command -v apt-get >/dev/null 2>&1; then
        say "$1 lacks the module ensurepip: install it, or uv, or set PYTHON to another Python."
        exit 1
    fi
    say "Installing $package, which this system keeps apart from Python."
    apt=apt-get
    [ "$(id -u)" = 0 ] || apt="sudo apt-get"
    $apt update -qq >&2
    $apt install -y -qq "$package" >&2
}

# One stamp a requirement set, so that a second run installs nothing.
install() {
    stamp=".venv/.installed-$1"
    if [ -f "$stamp" ] && [ "$stamp" -nt "requirements/$1.txt" ]; then return; fi
    make_venv
    say "Setting up ($1) …"
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python .venv/bin/python --require-hashes -r "requirements/$1.txt"
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check \
            --require-hashes -r "requirements/$1.txt" >&2
    fi
    touch "$stamp"
}

lock() {
    for set in runtime dev; do
        extra=""
        [ "$set" = dev ] && extra="--group dev"
        # shellcheck disable=SC2086
        uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
            --no-emit-index-url --custom-compile-command './go lock' \
            pyproject.toml $extra -o "requirements/$set.txt" >/dev/null
    done
}

command=${1:-help}
[ $# -gt 0 ] && shift
PYTHONPATH=$(pwd)
export PYTHONPATH
# Every command starts a process of its own; compiling the program each time takes longer than most.
unset PYTHONDONTWRITEBYTECODE || true
case "$command" in
    demo) install runtime; exec .venv/bin/python -m api.cli demo "$@" ;;
    run) install runtime; exec .venv/bin/python -m api.cli "$@" ;;
    test)
        install dev
        if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
        exec .venv/bin/python -m pytest -n 2
        ;;
    check)
        install dev
        .venv/bin/ruff check .
        .venv/bin/ruff format --check .
        .venv/bin/mypy
        YONGNENG_EVERY_ENGINE=1
        export YONGNENG_EVERY_ENGINE
        exec .venv/bin/python -m pytest -n 2 "$@"
        ;;
    bench) install dev; exec .venv/bin/python -m api.cli bench "$@" ;;
    lock) lock ;;
    *)
        say "usage: ./go demo | test | check | bench | run COMMAND …"
        say "  demo   build the demonstration province and play one compliance year"
        say "  test   run the tests; pages and REST on SQLite alone"
        say "  check  formatting, types, and every test on every engine"
        say "  bench  measure, as ratios to reference loops"
        say "  run    the yongneng command line, for example: ./go run --help"
        [ "$command" = help ] || exit 2
        ;;
esac
