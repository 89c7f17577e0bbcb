import type { CommandDefinition, Definition, OptionDefinition } from "./definition.ts";

/** The script that makes a shell complete the program's words. */
export function completionScript(shell: "bash" | "zsh" | "fish", definition: Definition): string {
  switch (shell) {
    case "bash":
      return bash(definition);
    case "zsh":
      return zsh(definition);
    case "fish":
      return fish(definition);
  }
}

/** What lists the machines; a store that can't be read completes nothing. */
const names = "podman-machine ls -q -t 1 2>/dev/null";

/** Each program's has a name of its own: a shell may have both. */
function functionOf(name: string): string {
  return `_${name.replaceAll("-", "_")}`;
}

function bash({ name, options, commands }: Definition): string {
  const cases = commands.map((command) => {
    const words = command.options.flatMap((option) => option.spellings);
    return [
      `    ${command.name})`,
      ...command.options.filter((option) => option.choices.length > 0).map(bashChoices),
      `      words="${words.join(" ")}"`,
      ...(command.takesNames ? [`      names=$(${names})`] : []),
      "      ;;",
    ].join("\n");
  });
  const global = options.flatMap((option) => option.spellings);
  return `# bash completion of ${name}: source it, or put it into /etc/bash_completion.d
${functionOf(name)}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= words= names= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      -s | --storage-path | --machine) ((i++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $command in
    "") words="${[...global, ...commands.map((one) => one.name)].join(" ")}" ;;
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words $names" -- "$word"))
}
complete -o default -F ${functionOf(name)} ${name}
`;
}

function bashChoices(option: OptionDefinition): string {
  const test = option.spellings.map((word) => `$before = ${word}`).join(" || ");
  return `      if [[ ${test} ]]; then COMPREPLY=($(compgen -W "${option.choices.join(" ")}" -- "$word")); return; fi`;
}

function zsh({ name, options, commands }: Definition): string {
  const list = commands.map((one) => `    '${one.name}:${zshText(one.description)}'`);
  const cases = commands.map((command) =>
    [
      `    ${command.name})`,
      "      _arguments \\",
      ...command.options.map((option) => `        ${zshOption(option)} \\`),
      `        ${command.takesNames ? "'*:machine:->machine'" : "'*:file:_files'"}`,
      "      ;;",
    ].join("\n"),
  );
  return `#compdef ${name}
# zsh completion of ${name}: put it into a folder of $fpath as _${name}, or source it
${functionOf(name)}() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
${list.join("\n")}
  )
  _arguments -C \\
${options.map((option) => `    ${zshOption(option)} \\`).join("\n")}
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands; return ;;
  esac
  case $line[1] in
${cases.join("\n")}
  esac
  if [[ $state == machine ]]; then
    local -a names
    names=(\${(f)"$(${names})"})
    _describe machine names
  fi
}
compdef ${functionOf(name)} ${name}
`;
}

function zshOption(option: OptionDefinition): string {
  const value =
    option.value === ""
      ? ""
      : option.choices.length > 0
        ? `:value:(${option.choices.join(" ")})`
        : ":value:_files";
  return option.spellings
    .map((word) => `'*${word}[${zshText(option.description)}]${value}'`)
    .join(" ");
}

function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replace(/[[\]:]/g, "\\$&");
}

function fish({ name, options, commands }: Definition): string {
  const lines = [
    `# fish completion of ${name}: put it into ~/.config/fish/completions/${name}.fish`,
    `complete -c ${name} -f`,
    ...options.map(
      (option) => `complete -c ${name} -n __fish_use_subcommand ${fishOption(option)}`,
    ),
    ...commands.flatMap((command) => fishCommand(name, command)),
  ];
  return `${lines.join("\n")}\n`;
}

function fishCommand(name: string, command: CommandDefinition): string[] {
  const inside = `-n '__fish_seen_subcommand_from ${command.name}'`;
  return [
    `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${fishText(command.description)}`,
    ...(command.takesNames ? [`complete -c ${name} ${inside} -a '(${names})'`] : []),
    ...command.options.map((option) => `complete -c ${name} ${inside} ${fishOption(option)}`),
  ];
}

function fishOption(option: OptionDefinition): string {
  const spellings = option.spellings.map((word) =>
    word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`,
  );
  const value =
    option.value === ""
      ? []
      : option.choices.length > 0
        ? [`-x -a '${option.choices.join(" ")}'`]
        : ["-r -F"];
  return [...spellings, ...value, `-d ${fishText(option.description)}`].join(" ");
}

function fishText(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
