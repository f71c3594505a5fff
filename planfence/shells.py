"""The scripts by which bash, zsh and fish complete ``planfence``.

They speak click's protocol, and are not click's own: those leave their variables behind in the
user's shell, cut descriptions at the first comma, sort generations as text, and lose the name of
an option whose value is written with ``=``.
"""

from __future__ import annotations

from typing import Final

_BASH: Final = """\
_planfence_completion() {
    local type value
    local -a words
    local -i index cword=COMP_CWORD
    for ((index = 0; index < ${#COMP_WORDS[@]}; index++)); do
        # Readline takes --format=json for three words; planfence wants the option and its value.
        if ((index < COMP_CWORD)) && [[ ${COMP_WORDS[index]} == '=' ]] &&
            [[ ${COMP_WORDS[index - 1]} == --* ]]; then
            cword=$((cword - 1))
        else
            words+=("${COMP_WORDS[index]}")
        fi
    done
    local IFS=$'\\n'
    while IFS=, read -r type value; do
        case "$type" in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_WORDS="${words[*]}" COMP_CWORD="$cword" \\
        _PLANFENCE_COMPLETE=bash_complete "$1")
}

complete -o nosort -F _planfence_completion planfence
"""

_ZSH: Final = """\
#compdef planfence

_planfence_completion() {
    local type key descr
    local -a plain described response
    (( $+commands[planfence] )) || return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT - 1)) \\
        _PLANFENCE_COMPLETE=zsh_complete planfence)}")
    # Of --format=json only what follows the = is completed.
    [[ $PREFIX == --*=* ]] && compset -P '*='
    for type key descr in ${response}; do
        case "$type" in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            plain)
                if [[ "$descr" == _ ]]; then
                    plain+=("$key")
                else
                    described+=("$key:$descr")
                fi
                ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described
    (( $#plain )) && compadd -V unsorted -a plain
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _planfence_completion "$@" # from fpath
else
    compdef _planfence_completion planfence # sourced
fi
"""

_FISH: Final = """\
function _planfence_completion
    set -l word (commandline -ct)
    set -l option (string match -r -- '^--[a-z-]+=' $word)
    for line in (env _PLANFENCE_COMPLETE=fish_complete COMP_WORDS=(commandline -cp) \\
            COMP_CWORD=$word planfence)
        set -l item (string split --max 1 , -- $line)
        switch $item[1]
            case dir
                printf '%s\\n' "$option"(__fish_complete_directories $item[2])
            case file
                printf '%s\\n' "$option"(__fish_complete_path $item[2])
            case plain
                printf '%s\\n' "$option$item[2]"
        end
    end
end

complete --no-files --keep-order --command planfence --arguments '(_planfence_completion)'
"""

SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
