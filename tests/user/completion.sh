#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion in bash of what is typed about flows; the serval command is made up.

count=0
failed=0

serval()
{
	[ "$*" = "flow show" ] || [ "$*" = "-n ns flow show" ] || return 1
	printf '%s tcp ESTABLISHED\n    age 1s\n' 11 12
}

# shellcheck source=../../userspace/completion/serval disable=SC1091
. "$(dirname "$0")/../../userspace/completion/serval"

# completes WANTED LINE: after LINE, a blank at its end counts, these words
completes()
{
	local IFS=$' \n' got

	COMPREPLY=()
	read -ra COMP_WORDS <<<"$2"
	[[ $2 != *" " ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_serval
	got="${COMPREPLY[*]}"
	count=$((count + 1))
	if [ "$got" = "$1" ]; then
		echo "ok $count - \"$2\": $1"
	else
		failed=$((failed + 1))
		echo "not ok $count - \"$2\": $1"
		echo "# $got"
	fi
}

completes "show kill migrate join use part help" "serval flow "
completes "join" "serval flow j"
for verb in kill use part; do
	completes "11 12" "serval flow $verb "
	completes "" "serval flow $verb 11 "
done
for verb in migrate join; do
	completes "11 12" "serval flow $verb "
	completes "11 12" "serval -n ns flow $verb 1"
	completes "raw udp" "serval flow $verb 11 encap "
	completes "" "serval flow $verb 11 addr "
	completes "lo" "serval flow $verb 11 dev lo"
done
completes "dev addr encap to" "serval flow join 11 "
completes "dev addr encap to" "serval flow join 11 dev lo "
completes "" "serval flow join 11 dev lo to "
completes "dev addr encap to" "serval flow join 11 to 10.0.0.1 "
completes "dev addr encap" "serval flow migrate 11 "
completes "" "serval flow migrate 11 t"
completes "dev addr encap" "serval service migrate 80 "

echo "1..$count"
[ $failed -eq 0 ]
