import { MachineError } from "../../error/machine-error.ts";

/** How QEMU runs the guest's instructions. */
export type Accelerator = "kvm" | "tcg";

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

/** Chooses the accelerator. Throws when KVM was asked for and can't be had. */
export function chooseAccelerator(asked: "auto" | "kvm", facts: KvmFacts): AcceleratorPlan {
  if (facts.kind === "works") {
    return { accelerator: "kvm" };
  }
  const reason = describe(facts);
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
 */
export function acceleratorArguments(
  accelerator: Accelerator,
  emulatedCpu: string,
  threads: "multi" | "single" = "single",
): string[] {
  return accelerator === "kvm"
    ? ["-accel", "kvm", "-cpu", "host"]
    : ["-accel", `tcg,thread=${threads}`, "-cpu", emulatedCpu];
}

function describe(facts: Exclude<KvmFacts, { kind: "works" }>): string {
  switch (facts.kind) {
    case "foreign":
      return "the image is for another processor than the host's";
    case "absent":
      return "there is no /dev/kvm here";
    case "denied":
      return "/dev/kvm can't be opened (add yourself to the group kvm)";
    case "broken":
      return `KVM exists but runs no guest (${facts.reason})`;
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
