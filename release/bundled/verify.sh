#!/bin/sh
# Is every file of this folder what its maker put there?
# Usage: sh verify.sh [KEY.pub]   the maker's public key, which you have from elsewhere
set -eu
if [ $# -gt 0 ]; then
    allowed=$(mktemp)
    trap 'rm -f "$allowed"' EXIT
    printf 'release %s\n' "$(cat "$1")" > "$allowed"
    cd "$(dirname "$0")"
    ssh-keygen -Y verify -f "$allowed" -I release -n file -s SHA256SUMS.sig < SHA256SUMS
else
    cd "$(dirname "$0")"
    [ ! -f SHA256SUMS.sig ] || ssh-keygen -Y check-novalidate -n file -s SHA256SUMS.sig < SHA256SUMS
fi
sha256sum --check --quiet --strict SHA256SUMS
echo "Every file is what SHA256SUMS says."
