import { MachineError } from "../../error/machine-error.ts";
import type { HostSystem } from "../../host-system/contract.ts";
import { hostSystem } from "../../host-system/host-system.ts";

/** How QEMU runs the guest's instructions. */
export type Accelerator = "kvm" | "hvf" | "tcg";

/** What was found of KVM. */
export type KvmFacts =
  | { readonly kind: "foreign" }
  | { readonly kind: "absent" }
  | { readonly kind: "denied" }
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "works" };

/** The choice, and a line for the person when it isn't what they would hope for. */
export interface AcceleratorPlan {
  readonly accelerator: Accelerator;
  readonly note?: string;
}

const slower = "this machine runs by software emulation, which is several times slower.";

/**
 * Chooses the accelerator. Throws when KVM was asked for and can't be had.
 *
 * @param system whose means are meant: what is KVM on Linux is another on macOS.
 */
export function chooseAccelerator(
  asked: "auto" | "kvm",
  facts: KvmFacts,
  system: Pick<HostSystem, "hardware" | "withoutHardware"> = hostSystem,
): AcceleratorPlan {
  if (facts.kind === "works") {
    return { accelerator: system.hardware };
  }
  const reason = describe(facts, system);
  if (asked === "kvm") {
    throw new MachineError(
      `KVM was asked for, but ${reason}: use --accelerator tcg, or repair KVM.`,
    );
  }
  return { accelerator: "tcg", note: `${capitalized(reason)}: ${slower}` };
}

/**
 * QEMU's arguments for it.
 *
 * @param emulatedCpu the value of -cpu when there is no KVM, which has the host's processor.
 * @param threads of the emulation; KVM has one for each processor by itself.
 * @param codeMib how much translated code is kept; undefined: what QEMU does by itself, up to 1 GiB.
 */
export function acceleratorArguments(
  accelerator: Accelerator,
  emulatedCpu: string,
  threads: "multi" | "single" = "single",
  codeMib?: number,
): string[] {
  const code = codeMib === undefined ? "" : `,tb-size=${codeMib}`;
  return accelerator === "tcg"
    ? ["-accel", `tcg,thread=${threads}${code}`, "-cpu", emulatedCpu]
    : ["-accel", accelerator, "-cpu", "host"];
}

function describe(
  facts: Exclude<KvmFacts, { kind: "works" }>,
  { withoutHardware }: Pick<HostSystem, "withoutHardware">,
): string {
  switch (facts.kind) {
    case "foreign":
      return "the image is for another processor than the host's";
    case "absent":
      return withoutHardware;
    case "denied":
      return "/dev/kvm can't be opened (add yourself to the group kvm)";
    case "broken":
      return `KVM exists but runs no guest (${facts.reason})`;
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
