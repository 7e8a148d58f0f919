#!/bin/sh
# archive.sh OBJCOPY AR COMPILER... -- OUTPUT DIR FIRST OTHERS...: makes a static library
# of all of the archive FIRST and of what it needs of the OTHERS, as one object whose
# hidden symbols are local, so that they cannot meet names of the program.
set -eu
objcopy=$1 ar=$2 compiler=
shift 2
while [ "$1" != -- ]; do compiler="$compiler $1"; shift; done
shift
output=$1 dir=$2 first=$3
shift 3
mkdir -p "$dir"
# Groups are dissolved: a local symbol (i386 has its thunks in groups) would go with one.
$compiler -r -nostdlib -Wl,--force-group-allocation -o "$dir/all.o" -Wl,--whole-archive "$first" -Wl,--no-whole-archive \
	-Wl,--start-group "$@" -Wl,--end-group
"$objcopy" --localize-hidden "$dir/all.o"
rm -f "$output"
"$ar" rcs "$output" "$dir/all.o"
