import { readFile } from "node:fs/promises";
import { MachineError } from "../../error/machine-error.ts";
import type { Accelerator } from "./accelerator.ts";

/** The options that say which hardware a guest has, and what each is called. */
const options: Readonly<Record<string, string>> = {
  "-machine": "machine",
  "-cpu": "processor",
  "-smp": "number of processors",
  "-m": "memory",
  "-device": "devices",
};

/**
 * What a QEMU has to have like another to go on with its guest: the state of a guest is read by the same release with
 * the same devices alone.
 *
 * @param version what the QEMU says to `--version`.
 * @param args its arguments.
 */
export async function hardwareOf(
  version: string,
  args: readonly string[],
  accelerator: Accelerator,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {
    "QEMU version": version.split("\n")[0]?.replace(/^QEMU emulator version /, "") ?? "",
    accelerator,
    ...(accelerator === "kvm" ? { "host processor": await hostProcessor() } : {}),
  };
  for (const [index, word] of args.entries()) {
    const name = options[word];
    const value = args[index + 1] ?? "";
    // It is taken off while a guest is saved.
    if (name !== undefined && !value.startsWith("virtio-balloon")) {
      found[name] = found[name] === undefined ? value : `${found[name]} ${value}`;
    }
  }
  return found;
}

/** Throws when what a template needs differs from what there is, and says in what. */
export function checkHardware(
  template: string,
  saved: Readonly<Record<string, string>>,
  here: Readonly<Record<string, string>>,
): void {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(here)])];
  const other = names.filter((name) => saved[name] !== here[name]);
  if (other.length > 0) {
    const list = other.map(
      (name) => `${name} (${saved[name] ?? "none"}; here ${here[name] ?? "none"})`,
    );
    throw new MachineError(
      `The template "${template}" can't be used here, since this differs: ${list.join(", ")}. Boot a machine and save it again.`,
    );
  }
}

/** With KVM a guest sees the host's own. */
async function hostProcessor(): Promise<string> {
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const first = text.split("\n\n")[0] ?? "";
  return first
    .split("\n")
    .filter((line) => /^(model name|microcode|flags|Features|CPU part)\b/.test(line))
    .join("; ");
}
