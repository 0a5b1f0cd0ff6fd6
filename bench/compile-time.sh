#!/usr/bin/env bash
# What a user's crate pays for the dependency: clean debug builds of hello-world crates, with dogpile and with cached, taken
# in turns, and the number of crates in each tree. Bash, cargo and git only.
#
# What comes from a registry Cargo compiles at once; what comes from a path, incrementally, which takes longer. So ours is
# built from a repository made of the tree as it is, which Cargo treats as it treats a registry's, and cached comes
# from its registry. How long ours takes by path is shown beside it.
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

# Settings of whoever runs this must reach neither the builds nor the repository that is made below; git's would have it
# work on theirs.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR CARGO_BUILD_RUSTC_WRAPPER RUSTC_WRAPPER RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL
mapfile -t variables < <(git rev-parse --local-env-vars)
unset "${variables[@]}"
export CARGO_TERM_COLOR=never

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if ! git -C "$repo" rev-parse --git-dir >/dev/null; then
    echo "$0: the tree to build is what git knows of, and this is no repository" >&2
    exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Nor is that repository to stay in the user's cache: all of it is shared but the place for repositories.
home=${CARGO_HOME:-$HOME/.cargo}
mkdir -p "$home" "$work/cargo"
home=$(cd "$home" && pwd)
shopt -s dotglob nullglob
for entry in "$home"/*; do
    if [[ ${entry##*/} != git ]]; then ln -s "$entry" "$work/cargo/"; fi
done
shopt -u dotglob nullglob
export CARGO_HOME=$work/cargo

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

# percent OURS THEIRS
percent() { echo $((($1 * 100 + $2 / 2) / $2)); }

times() { printf '%d.%02dx' $(($1 / 100)) $(($1 % 100)); }

# The tree as it is, committed or not.
mkdir "$work/tree"
git -C "$repo" ls-files --cached --others --exclude-standard -z |
    (cd "$repo" && while IFS= read -r -d '' file; do if [[ -e $file ]]; then printf '%s\0' "$file"; fi; done) |
    tar -C "$repo" --null -T - -cf - | tar -C "$work/tree" -xf -
tree() { GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null git -C "$work/tree" "$@"; }
tree init --quiet
tree add --all --force
tree -c user.name=bench -c user.email=bench@localhost commit --quiet --message tree

attribute='#[dogpile(expire = "1h")]'
hello dogpile "dogpile = { git = \"file://$work/tree\" }" 'use dogpile::dogpile;' "$attribute"
hello path "dogpile = { path = \"$repo\" }" 'use dogpile::dogpile;' "$attribute"
hello cached 'cached = "4"' 'use cached::macros::once;' '#[once(ttl_secs = 3600)]'

# One build each that does not count: it brings sources and compiler into the page cache.
for name in dogpile path cached; do build $name >/dev/null; done
ours=() paths=() theirs=()
for ((round = 1; round <= rounds; round++)); do
    ours+=("$(build dogpile)")
    theirs+=("$(build cached)")
    paths+=("$(build path)")
    echo "round $round: dogpile ${ours[-1]} s, cached ${theirs[-1]} s, dogpile by path ${paths[-1]} s" >&2
done

ours_median=$(median "${ours[@]}")
paths_median=$(median "${paths[@]}")
theirs_median=$(median "${theirs[@]}")
ours_crates=$(crates dogpile)
wall=$(verdict $((ours_median * 10)) $((theirs_median * 6)))
count=$(verdict "$ours_crates" 24)

echo "clean debug build of a hello-world crate, median of $rounds, $(rustc --version)"
echo
echo "| | dogpile | cached 4 | ratio | wanted | verdict |"
echo "|---|--:|--:|--:|--:|--:|"
printf '| wall seconds | %s | %s | %s | <= 0.60x | %s |\n' "$(seconds "$ours_median")" "$(seconds "$theirs_median")" \
    "$(times "$(percent "$ours_median" "$theirs_median")")" "$wall"
printf '| the same by path | %s | | %s | | |\n' "$(seconds "$paths_median")" \
    "$(times "$(percent "$paths_median" "$theirs_median")")"
echo "| crates in \`cargo tree -e normal\` | $ours_crates | $(crates cached) | | <= 24 | $count |"

if $check && [[ $wall$count != PASSPASS ]]; then exit 1; fi
