import type { PublishedPort } from "../store/driver-config.ts";
import type { FolderShare } from "../store/share.ts";
import type { NewMachine } from "./create.ts";

/** What a person can choose of a new machine run by QEMU. */
export interface QemuChoices {
  readonly memoryMib: number;
  readonly cpus: number;
  readonly diskSizeMib: number;
  /** Folder of the image; empty: the machine's own folder, into which `fetch` puts an ISO. */
  readonly image: string;
  readonly boot: "kernel" | "iso";
  readonly accelerator: "auto" | "kvm" | "tcg";
  /** Undefined: a free one. */
  readonly sshPort: number | undefined;
  /** MIN-MAX or empty. */
  readonly localPorts: string;
  readonly sshUser: string;
  /** Empty: the one for the image. */
  readonly program: string;
  readonly kernelArguments: string;
  readonly shares?: readonly FolderShare[];
  readonly publish?: readonly PublishedPort[];
  readonly labels?: readonly string[];
  readonly rootful?: boolean;
  readonly connection?: boolean;
  readonly fetch?: NewMachine["fetch"];
  /** Network, display and disk, for whoever knows QEMU. */
  readonly qemu?: Readonly<Record<string, unknown>>;
}

/** The machine that these choices describe. */
export function qemuMachine(choices: QemuChoices): NewMachine {
  const { fetch, shares = [], publish = [] } = choices;
  return {
    driver: "qemu",
    ...(choices.qemu?.Network === undefined || choices.qemu.Network === "user"
      ? { port: { chosen: choices.sshPort, range: choices.localPorts } }
      : {}),
    labels: choices.labels ?? [],
    rootful: choices.rootful ?? true,
    connection: choices.connection ?? false,
    ...(fetch === undefined ? {} : { fetch }),
    settings: {
      SSHUser: choices.sshUser,
      Memory: choices.memoryMib,
      DiskSize: choices.diskSizeMib,
      CPU: choices.cpus,
      Program: choices.program,
      Network: "user",
      Boot: choices.boot,
      Image: choices.image,
      Accelerator: choices.accelerator,
      KernelArguments: choices.kernelArguments,
      Shares: [...shares],
      Publish: [...publish],
      ...choices.qemu,
    },
  };
}
