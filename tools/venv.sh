# Sourced by run, test and .ci/run, from the root of the repository.
#
# venv_ready SET    makes .venv complete for SET ("run" or "test") and sets $venv to its folder.
#
# A set-up that was finished leaves .venv/setup-SET with the fingerprint of what it was made from (pyproject.toml,
# constraints.txt, the Python); a second call compares that and returns. A set-up that was interrupted left no such
# file, and is made again from nothing. VALLUM_PYTHON names the Python, VALLUM_VENV another folder than .venv,
# VALLUM_WHEELS a folder of wheels to install from without a network.

venv=${VALLUM_VENV:-.venv}

venv_say() { printf '%s\n' "$*" >&2; }

venv_python() { # prints the Python to use, or says what is missing
    venv_reason=""
    if [ -n "${VALLUM_PYTHON:-}" ]; then set -- "$VALLUM_PYTHON"; else
        set -- python3 python3.13 python3.12 python3.11 python3.14
    fi
    for candidate in "$@"; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
        venv_reason="$candidate has no venv module (Debian and Ubuntu: apt-get install python3-venv)."
    done
    venv_say "Vallum needs Python 3.11 or newer; tried: $*." \
        "${venv_reason:-None of them is one. Install it, or name it in VALLUM_PYTHON.}"
    return 1
}

venv_fingerprint() { # PYTHON
    { cat pyproject.toml constraints.txt; "$1" -c 'import sys; print(sys.version, sys.base_prefix)'; } | cksum
}

venv_pip() {
    if [ -n "${VALLUM_WHEELS:-}" ]; then set -- --no-index --find-links "$VALLUM_WHEELS" "$@"; fi
    if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt "$@" >&2; then
        venv_say "The set-up could not install its packages. It needs the Python package registry that pip is" \
            "configured for, or a folder of wheels named in VALLUM_WHEELS (docs/how-to/install-without-network.md)."
        return 1
    fi
}

venv_lock() { # one set-up at a time; the lock of a process that died is taken over
    while ! mkdir "$venv.lock" 2>/dev/null; do
        [ -w . ] || { venv_say "This folder cannot be written to, and the set-up makes $venv in it."; return 1; }
        owner=$(cat "$venv.lock/pid" 2>/dev/null || true)
        if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -rf "$venv.lock"; continue; fi
        venv_say "Waiting for the set-up that process ${owner:-?} is doing ..."
        sleep 2
    done
    echo $$ >"$venv.lock/pid"
    trap 'rm -rf "$venv.lock"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

venv_made_of() { # FINGERPRINT: is .venv sound and made of it?
    [ -x "$venv/bin/python" ] && [ "$(cat "$venv/setup-run" 2>/dev/null)" = "$1" ] &&
        "$venv/bin/python" -c '' 2>/dev/null
}

venv_ready() { # SET
    base=$(venv_python) || return 1
    print=$(venv_fingerprint "$base")
    if venv_made_of "$print" && [ "$(cat "$venv/setup-$1" 2>/dev/null)" = "$print" ]; then return 0; fi
    venv_lock || return 1
    if ! venv_made_of "$print"; then
        venv_say "Setting up $venv with $("$base" --version) (once; about a minute) ..."
        rm -rf "$venv"
        "$base" -m venv "$venv" || return 1
        venv_pip hatchling editables || return 1
        venv_pip --no-build-isolation -e . || return 1
        echo "$print" >"$venv/setup-run"
    fi
    if [ "$1" = test ] && [ "$(cat "$venv/setup-test" 2>/dev/null)" != "$print" ]; then
        venv_say "Adding the tools of the tests to $venv (once; about a minute) ..."
        # An interruption here must not leave half a package that looks installed.
        rm -f "$venv/setup-run"
        venv_pip --no-build-isolation -e '.[dev,docs]' || return 1
        echo "$print" >"$venv/setup-test"
        echo "$print" >"$venv/setup-run"
    fi
    rm -rf "$venv.lock"
    trap - EXIT INT TERM
}
