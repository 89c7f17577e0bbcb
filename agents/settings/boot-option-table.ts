import { automountOptions } from "./options/automount.ts";
import { cgroupOptions } from "./options/cgroups.ts";
import { consoleOptions } from "./options/console.ts";
import { containerOptions } from "./options/containers.ts";
import { folderOptions } from "./options/folders.ts";
import { guestAgentOptions } from "./options/guest-agent.ts";
import { keyOptions } from "./options/keys.ts";
import { memoryOptions } from "./options/memory.ts";
import { moduleOptions } from "./options/modules.ts";
import { nameOptions } from "./options/names.ts";
import { dhcpOptions, forwardOptions, networkOptions } from "./options/network.ts";
import type { Option } from "./options/option.ts";
import { rootOptions, trialOptions } from "./options/root.ts";
import { shareOptions } from "./options/shares.ts";
import { shutdownOptions } from "./options/shutdown.ts";
import { timeOptions } from "./options/time.ts";

/** Every option, one row each, in the order in which they are shown. */
export const bootOptionTable = [
  ...rootOptions,
  ...nameOptions,
  ...automountOptions,
  ...keyOptions,
  ...shareOptions,
  ...guestAgentOptions,
  ...moduleOptions,
  ...dhcpOptions,
  ...networkOptions,
  ...forwardOptions,
  ...timeOptions,
  ...memoryOptions,
  ...folderOptions,
  ...consoleOptions,
  ...cgroupOptions,
  ...containerOptions,
  ...shutdownOptions,
  ...trialOptions,
] as const;

/** A row of the table, with its group where it has one. */
export type BootOption = Option & { readonly group?: string };

/** The table for people, one option a line. */
export function bootOptionsText(): string {
  const forms = bootOptionTable.map(formOf);
  const width = Math.max(...forms.map((form) => form.length));
  return bootOptionTable
    .map(({ help }, index) => `${(forms[index] ?? "").padEnd(width)}  ${help}`)
    .join("\n");
}

/** "host=NAME", "embed" */
export function formOf({ name, value }: Pick<Option, "name" | "value">): string {
  return value === undefined ? name : `${name}=${value}`;
}
