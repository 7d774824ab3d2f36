# Sourced by the other scripts: makes .venv if there is none, and installs what was asked for.
# Usage: ensure_env STAMP PIP-ARGUMENTS…   (STAMP names the set, so that it is installed once)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "samefeatures needs Python 3.11 or newer; set PYTHON to one." >&2
    exit 1
}

ensure_env() {
    local stamp=".venv/.installed-$1" wanted
    shift
    [ -x .venv/bin/python ] || "$(find_python)" -m venv .venv
    wanted="$(cat pyproject.toml constraints.txt | cksum) $*"
    if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
        echo "Installing into .venv …"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt "$@"
        echo "$wanted" > "$stamp"
    fi
}
