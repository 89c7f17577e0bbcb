import type { Command } from "commander";
import { UsageError } from "../error/machine-error.ts";
import { collect } from "./arguments.ts";

/** The flags that every driver's machines have. */
export interface CommonFlags {
  label: string[];
  rootful: boolean;
  connection: boolean;
  timeout?: number;
}

/** Declares them. */
export function addCommonFlags(command: Command): void {
  command
    .option("--engine-label, --label <key=value>", "a label for ls --filter; repeatable", label, [])
    .option("--rootful", "env and the connection use root's podman (the default)", true)
    .option("--no-rootful", "they use the user's podman")
    .option("--no-connection", "don't configure podman and ssh of this host for the machine");
}

function label(text: string, before: string[]): string[] {
  if (!/^[^=]+=/.test(text)) {
    throw new UsageError(`"${text}" is not a label: expected KEY=VALUE.`);
  }
  return collect(text, before);
}
