import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { mebibyte } from "../../units/bytes.ts";
import { emptyProvision, type Provision } from "../model/provision.ts";
import { credentialOf, provisionsOf } from "./credentials.ts";
import { firmwareConfig, smbiosTable } from "./places.ts";
import { oemStrings } from "./smbios.ts";

const maxTableBytes = mebibyte;
const maxCredentialBytes = 64 * 1024;

/** What is asked for by what the hypervisor hands this machine. A source that can't be read gives a warning. */
export function readCredentials(kernel: Kernel, user: { name: string; home: string }): Provision[] {
  const warnings: string[] = [];
  const credentials = [
    ...orWarn(warnings, () => {
      if (!kernel.exists(smbiosTable)) {
        return [];
      }
      const strings = oemStrings(kernel.read(smbiosTable, maxTableBytes));
      return strings.flatMap((text) => credentialOf(text) ?? []);
    }),
    ...orWarn(warnings, () =>
      kernel.listIfPresent(firmwareConfig).map((name) => {
        const bytes = kernel.read(`${firmwareConfig}/${name}/raw`, maxCredentialBytes);
        return {
          name,
          text: Buffer.from(bytes).toString("utf8"),
          from: `fw_cfg credential ${name}`,
        };
      }),
    ),
  ];
  const unread = warnings.length === 0 ? [] : [{ ...emptyProvision("credentials"), warnings }];
  return [...provisionsOf(credentials, user), ...unread];
}

function orWarn<T>(warnings: string[], read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    warnings.push(error.message);
    return [];
  }
}
