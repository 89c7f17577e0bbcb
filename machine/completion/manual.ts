import type { CommandDefinition, Definition, OptionDefinition } from "./definition.ts";

/** The manual page of the program, in man(7)'s troff. */
export function manualPage(definition: Definition, version: string): string {
  const { name, description, options, commands } = definition;
  return [
    `.TH ${name.toUpperCase()} 1 "" "boot2podman ${version}" "User Commands"`,
    ".SH NAME",
    `${text(name)} \\- ${text(description.replace(/\.$/, ""))}`,
    ".SH SYNOPSIS",
    `.B ${text(name)}`,
    "[\\fIglobal options\\fR] \\fIcommand\\fR [\\fIoptions\\fR] [\\fIname\\fR...]",
    ".SH DESCRIPTION",
    ...paragraphs,
    ".SH GLOBAL OPTIONS",
    ...options.flatMap(optionLines),
    ".SH COMMANDS",
    ...commands.flatMap(commandLines),
    ".SH ENVIRONMENT",
    ...environment.flatMap(([variable, meaning]) => [".TP", `.B ${variable}`, text(meaning)]),
    ".SH FILES",
    ".TP",
    ".I ~/.local/machine",
    text("The store: machines, their keys and disks, locks, and images that were booted."),
    ".SH EXIT STATUS",
    text("0 done, 1 failed, 2 wrong usage. ssh exits with the status of what it ran."),
    ".SH SEE ALSO",
    ".BR podman (1),",
    ".BR podman-remote (1),",
    ".BR ssh (1),",
    ".BR qemu (1)",
    "",
  ].join("\n");
}

const paragraphs = [
  "Virtual machines that boot from RAM in seconds and run containers with Podman.",
  "Each machine keeps its data on one data disk.",
  "Where no name is given, the machine is \\fBbox\\fR.",
];

const environment = [
  ["MACHINE_STORAGE_PATH", "Folder of the store, unless --storage-path names one."],
  ["MACHINE_DRIVER", "The driver of create, unless --driver names one."],
  ["MACHINE_DEBUG", "If set, errors are printed with their causes."],
  ["PODMAN_MACHINE_NAME", "The machine that ls and active call active; set by env."],
] as const;

function commandLines(command: CommandDefinition): string[] {
  return [
    `.SS ${text(`${command.name} ${argumentsOf(command)}`.trim())}`,
    text(`${command.description}.`),
    ...command.options.flatMap(optionLines),
  ];
}

function argumentsOf(command: CommandDefinition): string {
  return command.usage.split(" ").slice(2).join(" ");
}

function optionLines(option: OptionDefinition): string[] {
  const value = option.value === "" ? "" : ` \\fI${text(option.value)}\\fR`;
  const spellings = option.spellings.map((word) => `\\fB${text(word)}\\fR`);
  const choices = option.choices.length === 0 ? "" : ` One of ${option.choices.join(", ")}.`;
  return [".TP", `${spellings.join(", ")}${value}`, text(`${option.description}.${choices}`)];
}

/** Backslashes and dashes mean themselves; a line can't start as a request does. */
function text(value: string): string {
  return value
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
}
