import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import { imageArgument, importArchive, namesArchive } from "../boot-image/machine-archive.ts";
import type { NewMachine } from "../driver/contract/new-machine.ts";
import { cacheModes } from "../driver/qemu/disk-device.ts";
import { UsageError } from "../error/machine-error.ts";
import { fetchIso } from "../life/fetch-iso.ts";
import { isOneFile } from "../program/own-program.ts";
import {
  diskMinMib,
  isUserNetwork,
  memoryMinMib,
  type NewSettings,
  networks,
  type Settings,
} from "../store/driver-config.ts";
import { parsePortRange } from "../store/port.ts";
import { collect, mebibytes, sha256, wholeNumber } from "./arguments.ts";
import type { CommonFlags } from "./create-common.ts";
import { parsePublish, parseVolume } from "./volumes.ts";

/** Where `npm run build` leaves the image; for a program of its own, which has no repository, the folder that it lies in. */
export const builtImage = isOneFile
  ? dirname(process.execPath)
  : fileURLToPath(new URL("../../dist", import.meta.url));

/** What a machine has when nothing is said; the rest has the defaults of its settings. */
export const defaultSettings = {
  Memory: 1024,
  // A second processor makes the boot shorter and leaves the host its own.
  CPU: Math.min(2, availableParallelism()),
  DiskSize: 20_000,
  Image: builtImage,
  Boot: "kernel",
  SSHUser: "tc",
} as const satisfies NewSettings<"qemu">;

/** The flags of machines that QEMU runs. */
export interface QemuFlags {
  memory: number;
  cpus: number;
  diskSize: number;
  image: string;
  boot2podmanUrl: string;
  boot2podmanSha256: string;
  iso: boolean;
  accelerator: Settings<"qemu">["Accelerator"];
  sshPort?: number;
  localports: string;
  sshUser: string;
  program: string;
  append: string;
  volume: string[];
  publish: string[];
  qemuDisplay: boolean;
  qemuDisplayType: string;
  qemuNographic: boolean;
  qemuNetwork: Settings<"qemu">["Network"];
  qemuNetworkInterface: string;
  qemuNetworkAddress: string;
  qemuNetworkBridge: string;
  qemuCacheMode: string;
  qemuIoMode: string;
}

/** Declares them. */
export function addQemuFlags(command: Command): void {
  const usual = defaultSettings;
  const choice = (flags: string, text: string, choices: readonly string[], value: string) =>
    command.addOption(new Option(flags, text).choices(choices).default(value));
  command
    .option("--qemu-memory, --memory <MiB>", "memory", mebibytes(memoryMinMib), usual.Memory)
    .option("--qemu-cpu-count, --cpus <count>", "processors", wholeNumber(1, 255), usual.CPU)
    .option(
      "--qemu-disk-size, --disk-size <MiB>",
      "size of the data disk; it uses space as it fills",
      mebibytes(diskMinMib),
      usual.DiskSize,
    )
    .option(
      "--image <folder>",
      "folder of the image, the output of a build; or an archive of it, a path or URL",
      usual.Image,
    )
    .option("--qemu-boot2podman-url, --boot2podman-url <url>", "boot this ISO: a path or URL", "")
    .option("--boot2podman-sha256 <hash>", "the expected SHA-256 of that ISO", sha256, "")
    .option("--iso", "boot the ISO from a CD drive instead of kernel and initrds", false);
  choice(
    "--accelerator <how>",
    "the accelerator; auto: KVM if it works",
    ["auto", "kvm", "tcg"],
    "auto",
  );
  command
    .option("--volume <host:guest[:ro]>", "share a folder of this host; repeatable", collect, [])
    .option(
      "-p, --publish <port:port>",
      "forward a port of this host to a port of the guest; repeatable",
      collect,
      [],
    )
    .option(
      "--ssh-port <port>",
      "port of 127.0.0.1 for SSH (default: a free one)",
      wholeNumber(1, 65_535),
    )
    .option("--qemu-localports, --localports <min-max>", "range for the automatic SSH port", "")
    .option(
      "--qemu-ssh-user, --ssh-user <user>",
      "user that the command ssh logs in as",
      usual.SSHUser,
    )
    .option("--qemu-program, --program <path>", "the QEMU to run", "")
    .option("--append <words>", "more options for the kernel command line", "")
    .option("--qemu-display", "show the machine's screen in a window", false)
    .option("--qemu-display-type <type>", "type of the window: gtk, sdl, ...", "")
    .option("--qemu-nographic", "no window, which is the default", false);
  choice(
    "--network, --qemu-network <how>",
    "the network; restricted: only the ports forwarded to the guest",
    networks,
    "user",
  );
  command
    .option("--qemu-network-interface <name>", "interface for --qemu-network tap", "tap0")
    .option("--qemu-network-address <ip>", "the machine's address there", "")
    .option("--qemu-network-bridge <name>", "bridge for --qemu-network bridge", "br0");
  choice("--qemu-cache-mode <mode>", "QEMU's cache mode of the disk", cacheModes, "default");
  choice(
    "--qemu-io-mode <mode>",
    "QEMU's I/O mode of the disk",
    ["threads", "native", "io_uring"],
    "threads",
  );
  for (const [flag, text] of withoutEffect) {
    command.addOption(new Option(flag, text).hideHelp());
  }
}

/** Flags of the podman-machine before this one that have nothing left to choose. */
const withoutEffect = [
  ["--qemu-virtio-drives", "disks are always virtio"],
  ["--qemu-net-vlan [value]", "there is one network"],
  ["--qemu-hvf", "--accelerator chooses the accelerator"],
] as const;

/** The machine that the flags describe. Throws for flags that don't go together. */
export function qemuMachineOf(flags: QemuFlags & CommonFlags): NewMachine<"qemu"> {
  parsePortRange(flags.localports);
  const isBehindNat = isUserNetwork(flags.qemuNetwork);
  if (!isBehindNat && flags.qemuNetworkAddress === "") {
    throw new UsageError(
      `--qemu-network ${flags.qemuNetwork} needs --qemu-network-address: the address that the machine has there.`,
    );
  }
  if (!isBehindNat && flags.publish.length > 0) {
    throw new UsageError(
      "--publish is for --qemu-network user: with others, the guest has an address of its own.",
    );
  }
  const url = flags.boot2podmanUrl;
  if (url === "" && flags.boot2podmanSha256 !== "") {
    throw new UsageError("--boot2podman-sha256 is for --boot2podman-url: give both.");
  }
  if (flags.iso && url === "" && namesArchive(flags.image)) {
    throw new UsageError(
      `--iso needs an ISO, which the archive ${flags.image} doesn't have: leave one of both out.`,
    );
  }
  const boot = flags.iso || url !== "" ? "iso" : "kernel";
  if (boot === "iso" && (flags.volume.length > 0 || flags.append !== "")) {
    throw new UsageError(
      `${flags.append === "" ? "--volume" : "--append"} needs the kernel command line, but the ISO has its own: leave out ${flags.iso ? "--iso" : "--boot2podman-url"}.`,
    );
  }
  return {
    driver: "qemu",
    labels: flags.label,
    rootful: flags.rootful,
    connection: flags.connection,
    ...fetchOf(flags),
    settings: {
      ...(isBehindNat
        ? { SSHPort: flags.sshPort, LocalPorts: flags.localports }
        : { IPAddress: flags.qemuNetworkAddress, SSHPort: 22 }),
      SSHUser: flags.sshUser,
      Memory: flags.memory,
      DiskSize: flags.diskSize,
      CPU: flags.cpus,
      Program: flags.program,
      Boot: boot,
      // Empty: the ISO in the machine's own folder, or the image that an archive brought into the cache.
      Image: url === "" && !namesArchive(flags.image) ? resolve(flags.image) : "",
      Accelerator: flags.accelerator,
      KernelArguments: flags.append,
      Network: flags.qemuNetwork,
      NetworkInterface: flags.qemuNetworkInterface,
      NetworkBridge: flags.qemuNetworkBridge,
      Display: flags.qemuDisplay && !flags.qemuNographic,
      DisplayType: flags.qemuDisplayType,
      CacheMode: flags.qemuCacheMode,
      IOMode: flags.qemuIoMode,
      Shares: flags.volume.map(parseVolume),
      Publish: flags.publish.map(parsePublish),
    },
  };
}

/** What has to be brought before the machine can be made. */
function fetchOf(flags: QemuFlags): Pick<NewMachine<"qemu">, "fetch"> {
  const url = flags.boot2podmanUrl;
  if (url !== "") {
    return {
      async fetch({ files }, report) {
        await fetchIso(url, files, report, flags.boot2podmanSha256);
        return {};
      },
    };
  }
  if (!namesArchive(flags.image)) {
    return {};
  }
  return {
    fetch: async ({ store }, report) => ({
      ImagePinned: await importArchive(store, imageArgument(flags.image), report),
    }),
  };
}
