import type { Command, Option } from "commander";
import { UsageFailure } from "../failure/failure.ts";

/** QEMU's flags that say the same to VirtualBox, by the names that commander gives them. */
const OF_VIRTUALBOX_TOO = new Set([
  "memory",
  "cpus",
  "diskSize",
  "image",
  "sshPort",
  "localports",
  "sshUser",
  "publish",
]);

/** The options that `add` declares. */
export function declaredBy(command: Command, add: (command: Command) => void): Option[] {
  const before = command.options.length;
  add(command);
  return command.options.slice(before);
}

/**
 * Throws for what was said in vain: flags of another driver than the one that is to run the machine, as far as they
 * stand on the command line.
 */
export function refuseUnusedFlags(
  command: Command,
  driver: string,
  { ofQemu, ofOthers }: { ofQemu: readonly Option[]; ofOthers: readonly Option[] },
): void {
  const unused = [
    ...ofQemu.filter((option) => driver !== "qemu" && !isUsedBy(driver, option)),
    ...ofOthers.filter((option) => driver !== driverOf(option)),
  ].filter((option) => command.getOptionValueSource(option.attributeName()) === "cli");
  if (unused.length > 0) {
    const flags = unused.map((option) => option.long).join(" and ");
    throw new UsageFailure(`The driver ${driver} makes no use of ${flags}: leave that out.`);
  }
}

function isUsedBy(driver: string, option: Option): boolean {
  return driver === "virtualbox" && OF_VIRTUALBOX_TOO.has(option.attributeName());
}

/** `--url` is all that the driver none has; the others have their names in front. */
function driverOf(option: Option): string {
  return /^--(generic|virtualbox)-/.exec(option.long ?? "")?.[1] ?? "none";
}
