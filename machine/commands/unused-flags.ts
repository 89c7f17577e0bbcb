import type { Command, Option } from "commander";
import { UsageError } from "../error/machine-error.ts";

/** The options that `add` declares. */
export function declaredBy(command: Command, add: (command: Command) => void): Option[] {
  const before = command.options.length;
  add(command);
  return command.options.slice(before);
}

/**
 * Throws for what was said in vain: options that the driver which is to run the machine makes no use of, as far as
 * they stand on the command line.
 *
 * @param ofDrivers the options that one driver or another makes use of.
 * @param used those of this one, by their long names without dashes.
 */
export function refuseUnusedFlags(
  command: Command,
  driver: string,
  ofDrivers: readonly Option[],
  used: readonly string[],
): void {
  const unused = ofDrivers
    .filter((option) => !used.includes(longName(option)))
    .filter((option) => command.getOptionValueSource(option.attributeName()) === "cli");
  if (unused.length > 0) {
    const flags = unused.map((option) => option.long).join(" and ");
    throw new UsageError(`The driver ${driver} doesn't support ${flags}: leave that out.`);
  }
}

/** An option's long name without its dashes. */
export function longName(option: Option): string {
  return option.long?.replace(/^--/, "") ?? "";
}
