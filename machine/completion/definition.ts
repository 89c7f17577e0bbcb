import type { Command, Option } from "commander";

/** What completions and the manual are made of: the commands as they were declared. */
export interface Definition {
  readonly name: string;
  readonly description: string;
  readonly usage: string;
  readonly options: readonly OptionDefinition[];
  readonly commands: readonly CommandDefinition[];
}

/** A command. */
export interface CommandDefinition {
  readonly name: string;
  readonly description: string;
  readonly usage: string;
  readonly arguments: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionDefinition[];
  /** True when machines' names can follow it. */
  readonly takesNames: boolean;
}

/** An option. */
export interface OptionDefinition {
  /** All spellings, such as -f and --force. */
  readonly spellings: readonly string[];
  /** What follows it, such as `<MiB>`; empty for a switch. */
  readonly value: string;
  readonly description: string;
  readonly choices: readonly string[];
}

/** Reads the definition of a program from commander. */
export function definitionOf(program: Command): Definition {
  const help = program.createHelp();
  return {
    name: program.name(),
    description: program.description(),
    usage: help.commandUsage(program),
    options: help.visibleOptions(program).map(optionOf),
    commands: help.visibleCommands(program).map((command) => ({
      name: command.name(),
      description: command.description(),
      usage: help.commandUsage(command),
      arguments: command.registeredArguments.map((argument) => ({
        name: argument.name(),
        description: argument.description,
      })),
      options: help.visibleOptions(command).map(optionOf),
      takesNames: command.registeredArguments.some((argument) =>
        /^names?$|source/.test(argument.name()),
      ),
    })),
  };
}

function optionOf(option: Option): OptionDefinition {
  const spellings = option.flags.split(/[ ,]+/).filter((word) => word.startsWith("-"));
  const value = /[<[].*[>\]]$/.exec(option.flags)?.[0] ?? "";
  const isShown =
    option.defaultValue !== undefined &&
    option.defaultValue !== false &&
    option.defaultValue !== "" &&
    !(Array.isArray(option.defaultValue) && option.defaultValue.length === 0) &&
    typeof option.defaultValue !== "boolean";
  const usual = isShown ? ` (default: ${option.defaultValue})` : "";
  return {
    spellings,
    value,
    description: `${option.description}${usual}`,
    choices: option.argChoices ?? [],
  };
}
