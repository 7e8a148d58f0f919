# bash completion for socketcall(1)                          -*- shell-script -*-
#
# Completes subcommands, options, presets and files; from the program on, what that
# program's own completion says (with the bash-completion package; else names of
# commands and files). Stands alone otherwise.

# The presets that this socketcall knows.
_socketcall_presets()
{
	"$1" policy --help 2>/dev/null | sed -n 's/^Presets: *//p'
}

# Where the program of "socketcall run" stands in COMP_WORDS; the word after the
# last if there is none yet. An option's value may be a word of its own, or come
# after "=", which bash makes a word.
_socketcall_program()
{
	local i=2

	while ((i < COMP_CWORD)); do
		case ${COMP_WORDS[i]} in
		--)
			((i++))
			break
			;;
		--policy | --preset | --allow | --deny | --net | --trace-format)
			[[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
			((i += 2))
			;;
		--trace)
			[[ ${COMP_WORDS[i + 1]} == = ]] && ((i += 2))
			((i++))
			# "--trace= program": an empty value is no word.
			;;
		-*)
			((i++))
			;;
		*)
			break
			;;
		esac
	done
	echo "$i"
}

_socketcall_reply()
{
	mapfile -t COMPREPLY < <(compgen "$@")
}

_socketcall_files()
{
	compopt -o filenames 2>/dev/null
	_socketcall_reply -f -- "$1"
}

# The value of option $2, begun with $3.
_socketcall_value()
{
	case $2 in
	--policy | --trace)
		_socketcall_files "$3"
		;;
	--preset)
		_socketcall_reply -W "$(_socketcall_presets "$1")" -- "$3"
		;;
	--net)
		_socketcall_reply -W host -- "$3"
		;;
	--trace-format)
		_socketcall_reply -W "text json" -- "$3"
		;;
	--allow | --deny)
		;; # a rule: socketcall-policy(5)
	*)
		return 1
		;;
	esac
}

_socketcall_run()
{
	local cur=$2 prev=$3 program

	program=$(_socketcall_program)
	if ((COMP_CWORD > program)) || [[ ${COMP_WORDS[program - 1]} == -- ]]; then
		if declare -F _command_offset >/dev/null; then
			_command_offset "$program"
		elif ((COMP_CWORD == program)); then
			_socketcall_reply -c -- "$cur"
		else
			_socketcall_files "$cur"
		fi
		return
	fi
	if [[ $cur == = ]]; then
		_socketcall_value "$1" "$prev" ""
	elif [[ $prev == = ]]; then
		_socketcall_value "$1" "${COMP_WORDS[COMP_CWORD - 2]}" "$cur"
	elif [[ $prev != --trace ]] && _socketcall_value "$1" "$prev" "$cur"; then
		:
	elif [[ $cur == -* ]]; then
		_socketcall_reply -W "--policy --preset --allow --deny --net --trace --trace-format
			--stats --help --" -- "$cur"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$program"
	else
		_socketcall_reply -c -- "$cur"
	fi
}

_socketcall_policy()
{
	local cur=$2 presets

	# "preset:NAME" is split at the colon.
	if [[ $cur == : && $3 == preset ]]; then
		_socketcall_reply -W "$(_socketcall_presets "$1")"
	elif [[ $3 == : && ${COMP_WORDS[COMP_CWORD - 2]} == preset ]]; then
		_socketcall_reply -W "$(_socketcall_presets "$1")" -- "$cur"
	elif ((COMP_CWORD == 2)); then
		_socketcall_reply -W "check explain --help" -- "$cur"
	elif ((COMP_CWORD == 3)); then
		presets=$(_socketcall_presets "$1")
		_socketcall_files "$cur"
		[[ -n $presets ]] && mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY \
			< <(compgen -P preset: -W "$presets" -- "${cur#preset:}")
	fi
}

_socketcall()
{
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_socketcall_reply -W "run policy doctor --help --version" -- "$2"
		return
	fi
	case ${COMP_WORDS[1]} in
	run)
		_socketcall_run "$@"
		;;
	policy)
		_socketcall_policy "$@"
		;;
	doctor)
		_socketcall_reply -W --help -- "$2"
		;;
	esac
}

complete -F _socketcall socketcall
