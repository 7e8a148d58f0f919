#!/bin/sh
# Writes C: each policy file given as { name, text, length }, for preset.c.
for file; do
	name=${file##*/}
	name=${name%.policy}
	printf '{"%s", (const char[]){\n' "$name"
	od -An -v -tx1 "$file" | sed 's/ \(..\)/0x\1,/g'
	printf '}, %s},\n' "$(wc -c <"$file")"
done
