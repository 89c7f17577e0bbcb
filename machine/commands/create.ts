import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import { UsageFailure } from "../failure.ts";
import { createMachine, type MachineChoices } from "../life/create.ts";
import { giveHostname } from "../life/hostname.ts";
import { waitUntilReady } from "../life/start.ts";
import { DISK_MIN_MIB, MEMORY_MIN_MIB } from "../store/config.ts";
import { DEFAULT_NAME } from "../store/name.ts";
import { parsePortRange } from "../store/port.ts";
import { wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";
import { readyText } from "./start.ts";

/** Where `npm run build` leaves the image. */
export const BUILT_IMAGE = fileURLToPath(new URL("../../dist", import.meta.url));

/** What a machine has when nothing is said. */
export const DEFAULT_CHOICES: MachineChoices = {
  memoryMib: 1024,
  // A second processor makes the boot shorter and leaves the host its own.
  cpus: Math.min(2, availableParallelism()),
  diskSizeMib: 20_000,
  image: BUILT_IMAGE,
  boot: "kernel",
  accelerator: "auto",
  sshPort: undefined,
  localPorts: "",
  sshUser: "tc",
  program: "",
  kernelArguments: "",
};

interface Flags {
  driver: string;
  memory: number;
  cpus: number;
  diskSize: number;
  image: string;
  iso: boolean;
  accelerator: MachineChoices["accelerator"];
  sshPort?: number;
  localports: string;
  sshUser: string;
  program: string;
  append: string;
  timeout?: number;
}

/** `create`: makes a machine, starts it and waits until it can be used. */
export function addCreate(program: Command, context: Context): void {
  const usual = DEFAULT_CHOICES;
  const mebibytes = (min: number) => wholeNumber(min, 2 ** 30);
  const command = program
    .command("create")
    .description("Create a machine, start it, and wait until podman answers in it")
    .argument("[name]", `name of the machine, and its host name (default: "${DEFAULT_NAME}")`);
  command
    .option("-d, --driver <name>", 'what runs the machine: "qemu"', "qemu")
    .option("--qemu-memory, --memory <MiB>", "memory", mebibytes(MEMORY_MIN_MIB), usual.memoryMib)
    .option("--qemu-cpu-count, --cpus <count>", "processors", wholeNumber(1, 255), usual.cpus)
    .option(
      "--qemu-disk-size, --disk-size <MiB>",
      "size of the data disk; it takes room as it fills",
      mebibytes(DISK_MIN_MIB),
      usual.diskSizeMib,
    )
    .option("--image <folder>", "folder of the image, as a build leaves it", usual.image)
    .option("--iso", "boot the ISO from a CD drive, rather than kernel and initrds", false)
    .addOption(
      new Option("--accelerator <how>", "how the guest is run; auto: KVM when it works")
        .choices(["auto", "kvm", "tcg"])
        .default(usual.accelerator),
    )
    .option("--ssh-port <port>", "port of 127.0.0.1 for SSH (default: a free one)", port)
    .option("--qemu-localports, --localports <min-max>", "range for the free port", "")
    .option("--qemu-ssh-user, --ssh-user <user>", "user of the ssh command", usual.sshUser)
    .option("--qemu-program, --program <path>", "the QEMU to run", "")
    .option("--append <words>", "more words for the kernel command line", "")
    .option("--timeout <seconds>", "how long the boot may take", wholeNumber(1, 86_400))
    .action(async (name: string | undefined, flags: Flags) => {
      const host = context.host();
      const choices = choicesOf(flags);
      const startedMs = performance.now();
      const machine = await createMachine(host, name ?? DEFAULT_NAME, choices);
      const timeoutMs = flags.timeout === undefined ? undefined : flags.timeout * 1000;
      await waitUntilReady(host, machine, timeoutMs);
      await giveHostname(host, machine);
      context.terminal.out(readyText(machine.name, startedMs));
      context.terminal.out(`To connect podman to it: eval $(podman-machine env ${machine.name})`);
    });
}

const port = wholeNumber(1, 65_535);

function choicesOf(flags: Flags): MachineChoices {
  if (flags.driver !== "qemu") {
    throw new UsageFailure(`There is no driver "${flags.driver}" here: the driver is "qemu".`);
  }
  parsePortRange(flags.localports);
  return {
    memoryMib: flags.memory,
    cpus: flags.cpus,
    diskSizeMib: flags.diskSize,
    image: resolve(flags.image),
    boot: flags.iso ? "iso" : "kernel",
    accelerator: flags.accelerator,
    sshPort: flags.sshPort,
    localPorts: flags.localports,
    sshUser: flags.sshUser,
    program: flags.program,
    kernelArguments: flags.append,
  };
}
