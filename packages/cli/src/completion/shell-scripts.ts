import type { Shell } from "./shells.ts";

/**
 * What each shell reads. They ask the hidden command `__complete` and take its lines as data: nothing that was typed is evaluated, which
 * a key press must not do.
 */
export const SHELL_SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion for a3s-box
_a3s_box() {
  local answer
  COMPREPLY=()
  while IFS= read -r answer; do
    case $answer in
      :files) compopt -o bashdefault -o default ;;
      :nospace) compopt -o nospace ;;
      *) COMPREPLY+=("\${answer%%$'\\t'*}") ;;
    esac
  done < <(a3s-box __complete --breaks="$COMP_WORDBREAKS" --line="\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -F _a3s_box a3s-box
`,
  zsh: `#compdef a3s-box
# zsh completion for a3s-box
_a3s-box() {
  local answer files
  local -a values ending
  while IFS= read -r answer; do
    case $answer in
      :files) files=1 ;;
      :nospace) ending=(-S '') ;;
      *) values+=("\${\${answer%%$'\\t'*}//:/\\\\:}:\${answer#*$'\\t'}") ;;
    esac
  done < <(a3s-box __complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)
  if (( $#values )) && _describe -V a3s-box values "\${ending[@]}"; then return 0; fi
  [[ -z $files ]] && return 1
  compset -P '--*='
  _files
}
if [[ $funcstack[1] == _a3s-box ]]; then _a3s-box "$@"; else compdef _a3s-box a3s-box; fi
`,
  fish: `# fish completion for a3s-box
function __a3s_box_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for answer in (a3s-box __complete -- $words[2..-1] "$word" 2>/dev/null)
        switch $answer
            case :files
                __fish_complete_path (string replace -r -- '^--[^=]*=' '' "$word")
            case :nospace
            case '*'
                printf '%s\\n' $answer
        end
    end
end
complete -c a3s-box -f -a '(__a3s_box_complete)'
`,
};
