#!/usr/bin/env bash
# What a user's crate pays for the dependency: clean debug builds of two hello-world crates, one with dogpile and one
# with cached, taken in turns, and the number of crates in each tree. Bash and cargo only.
#
# usage: compile-time.sh [--check] [rounds]        (default: 5 rounds; --check exits with 1 if a bar is missed)
set -euo pipefail

check=false
rounds=5
for arg in "$@"; do
    case $arg in
    --check) check=true ;;
    [1-9] | [1-9][0-9]) rounds=$arg ;;
    *)
        echo "usage: $0 [--check] [rounds]" >&2
        exit 2
        ;;
    esac
done

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Settings of whoever runs this must not reach the builds.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR CARGO_BUILD_RUSTC_WRAPPER RUSTC_WRAPPER RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL
export CARGO_TERM_COLOR=never

# hello NAME DEPENDENCY IMPORT ATTRIBUTE
hello() {
    mkdir -p "$work/$1/src"
    printf '[workspace]\n[package]\nname = "hello"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n%s\n' "$2" \
        >"$work/$1/Cargo.toml"
    printf '%s\n\n%s\nfn answer() -> u64 {\n    42\n}\n\nfn main() {\n    println!("hello, {}", answer());\n}\n' "$3" "$4" \
        >"$work/$1/src/main.rs"
    (cd "$work/$1" && cargo fetch --quiet)
}

# build NAME: prints the wall seconds of a clean debug build.
build() {
    local before after log=$work/$1.log
    rm -rf "$work/$1/target"
    before=${EPOCHREALTIME/[.,]/}
    (cd "$work/$1" && cargo build --offline --quiet) >"$log" 2>&1 || { cat "$log" >&2; return 1; }
    after=${EPOCHREALTIME/[.,]/}
    local micros=$((after - before))
    printf '%d.%03d\n' $((micros / 1000000)) $((micros % 1000000 / 1000))
}

# crates NAME: how many different crates its normal dependencies come to, without itself.
crates() {
    (cd "$work/$1" && cargo tree --offline -e normal --prefix none --format '{p}') |
        sed -e 's/ (\*)$//' -e 's/ (proc-macro)//' -e '/^$/d' -e '1d' | sort -u | wc -l
}

# median SECONDS...: in milliseconds; the lower one of two in the middle.
median() {
    printf '%s\n' "$@" | tr -d . | sed 's/^0*\(.\)/\1/' | sort -n | sed -n "$((($# + 1) / 2))p"
}

seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }

# verdict VALUE MOST
verdict() { if (($1 <= $2)); then echo PASS; else echo MISS; fi; }

hello dogpile "dogpile = { path = \"$repo\" }" 'use dogpile::dogpile;' '#[dogpile(expire = "1h")]'
hello cached 'cached = "4"' 'use cached::macros::once;' '#[once(ttl_secs = 3600)]'

# One build each that does not count: it brings sources and compiler into the page cache.
build dogpile >/dev/null
build cached >/dev/null
ours=() theirs=()
for ((round = 1; round <= rounds; round++)); do
    ours+=("$(build dogpile)")
    theirs+=("$(build cached)")
    echo "round $round: dogpile ${ours[-1]} s, cached ${theirs[-1]} s" >&2
done

ours_median=$(median "${ours[@]}")
theirs_median=$(median "${theirs[@]}")
ratio=$(((ours_median * 100 + theirs_median / 2) / theirs_median))
ours_crates=$(crates dogpile)
wall=$(verdict $((ours_median * 10)) $((theirs_median * 6)))
count=$(verdict "$ours_crates" 24)

echo "clean debug build of a hello-world crate, median of $rounds, $(rustc --version)"
echo
echo "| | dogpile | cached 4 | ratio | wanted | verdict |"
echo "|---|--:|--:|--:|--:|--:|"
printf '| wall seconds | %s | %s | %d.%02dx | <= 0.60x | %s |\n' \
    "$(seconds "$ours_median")" "$(seconds "$theirs_median")" $((ratio / 100)) $((ratio % 100)) "$wall"
echo "| crates in \`cargo tree -e normal\` | $ours_crates | $(crates cached) | | <= 24 | $count |"

if $check && [[ $wall$count != PASSPASS ]]; then exit 1; fi
