/**
 * What each shell is told so that it asks `fovea complete` for the words at the cursor. Where there are none, it offers
 * names of files, as it does by itself.
 */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** Bash cuts words at `=` and `:` too, and takes the place of what stands behind the last of these only. */
const bash = `_fovea() {
  local IFS=$'\\n' line
  COMPREPLY=()
  while read -r line; do
    COMPREPLY+=("$line")
    [[ $line == *= ]] && compopt -o nospace
  done < <(fovea complete bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _fovea fovea
`;

const zsh = `#compdef fovea
_fovea() {
  local line word
  local -a words_ open
  for line in "\${(@f)$(fovea complete zsh -- "\${(@Q)words[2,$CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    word="\${\${line%%$'\\t'*}//:/\\\\:}"
    if [[ $line == *=$'\\t'* ]]; then open+=("$word:\${line#*$'\\t'}"); else words_+=("$word:\${line#*$'\\t'}"); fi
  done
  if (( \${#words_} + \${#open} == 0 )); then compset -P '--*='; _files; return; fi
  (( \${#words_} )) && _describe fovea words_
  (( \${#open} )) && _describe fovea open -S ''
}
if [[ $funcstack[1] == _fovea ]]; then _fovea "$@"; else compdef _fovea fovea; fi
`;

const fish = `function __fovea_complete
    set -l found (fovea complete fish -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c fovea -f -a '(__fovea_complete)'
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

/** Words as their shell has cut them -> as they were written. */
export const joined: Readonly<Record<Shell, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) => words.reduce(joinMarks, []).map(unquoted),
  zsh: (words) => words,
  fish: (words) => words,
};

function joinMarks(line: readonly string[], word: string): string[] {
  const last = line.at(-1) ?? "";
  const goesOn = line.length > 0 && (/^[=:]+$/.test(word) || /[=:]$/.test(last));
  return goesOn ? [...line.slice(0, -1), last + word] : [...line, word];
}

const unquoted = (word: string) => word.replace(/^(["'])(.*?)\1?$/, "$2");

/** How a candidate is told to its shell: with its meaning behind a tab, or, to bash, what it takes the place of only. */
export const shown: Readonly<Record<Shell, (word: string, description: string) => string>> = {
  bash: (word) => word.slice(1 + Math.max(lastMark(word.slice(0, -1)))),
  zsh: withTab,
  fish: withTab,
};

const lastMark = (text: string) => Math.max(text.lastIndexOf("="), text.lastIndexOf(":"));

function withTab(word: string, description: string): string {
  return `${word}\t${description.replace(/\s+/g, " ")}`;
}
