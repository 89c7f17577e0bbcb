import path from "node:path";
import type { Identity } from "../vm/harness/data-disk.ts";
import { patienceMs } from "../vm/harness/patience.ts";
import type { Monitor } from "../vm/harness/qmp.ts";
import { run } from "../vm/harness/run.ts";
import { type MachineOptions, TestMachine } from "../vm/harness/test-machine.ts";
import type { CutPoint } from "./cut-points.ts";
import { keysFromOutside, type Recording } from "./record.ts";

/** What the disk looked like to the boot after the power cut. */
export interface Outcome {
  /** What should hold and doesn't; empty when all is well. */
  faults: string[];
  /** What automount said. */
  said: string;
}

/**
 * A running machine of the real image to which cut disks are attached one after the other: each is what its next boot
 * finds. The machine has no disk of its own.
 */
export class NextBoots {
  #hasLooked = false;

  private constructor(
    readonly machine: TestMachine,
    readonly monitor: Monitor,
    readonly folder: string,
  ) {}

  static async start(
    identity: Identity,
    options: Pick<MachineOptions, "extra" | "append"> = {},
  ): Promise<NextBoots> {
    const machine = await TestMachine.start({
      ...options,
      key: identity.key,
      extra: [
        ...["-device", "virtio-scsi-pci,id=lab"],
        ...keysFromOutside(identity),
        ...(options.extra ?? []),
      ],
    });
    const monitor = await machine.monitor();
    await machine.root("cat > /run/after-cut && chmod 755 /run/after-cut", { input: guestScript });
    return new NextBoots(machine, monitor, identity.folder);
  }

  /** Has automount find the disk as the power cut left it, and looks at what came of it. */
  async try(cut: CutPoint, recording: Recording): Promise<Outcome> {
    const file = path.join(this.folder, "cut.raw");
    await cut.disk.save(file);
    const said = await this.with(file, recording.sectorBytes, "/run/after-cut");
    const faults = faultsOf(said, cut, recording);
    faults.push(...(await filesystemFaults(file, recording.dataOffsetBytes)));
    return { faults, said };
  }

  /** Runs a command as root while a disk image is attached; gives what it printed. */
  async with(file: string, sectorBytes: number, command: string): Promise<string> {
    await this.#attach(file, sectorBytes);
    try {
      // A full check of a disk of more than 2 TiB takes minutes under emulation.
      return await this.machine.root(command, { timeoutMs: 1_800_000 });
    } finally {
      await this.#detach();
    }
  }

  async remove(): Promise<void> {
    this.monitor.close();
    await this.machine.remove();
  }

  async #attach(file: string, sectorBytes: number): Promise<void> {
    // The disks that are there already, before this one comes.
    if (!this.#hasLooked) {
      await this.machine.root("ls /sys/block > /run/disks-before");
    }
    this.#hasLooked = true;
    await this.monitor.execute("blockdev-add", {
      driver: "raw",
      "node-name": "cut",
      file: { driver: "file", filename: file, cache: { "no-flush": true } },
    });
    await this.monitor.execute("device_add", {
      driver: "scsi-hd",
      id: "cut",
      bus: "lab.0",
      drive: "cut",
      logical_block_size: String(sectorBytes),
      physical_block_size: String(sectorBytes),
    });
  }

  async #detach(): Promise<void> {
    const before = this.#deleted();
    await this.monitor.execute("device_del", { id: "cut" });
    for (const deadline = Date.now() + patienceMs; this.#deleted() === before; ) {
      if (Date.now() > deadline) {
        throw new Error("the guest doesn't let go of the disk");
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.monitor.execute("blockdev-del", { "node-name": "cut" });
  }

  #deleted(): number {
    return this.monitor.events.filter((event) => event === "DEVICE_DELETED").length;
  }
}

/** Everything in one go, since each command over SSH costs seconds under emulation. */
const guestScript = String.raw`#!/bin/sh
# Waits until the kernel shows the disk, lets automount at it, and shows what is there.
for i in $(seq 6000); do
  disk=$(ls /sys/block | grep -vxFf /run/disks-before | head -1)
  [ -n "$disk" ] && [ -b "/dev/$disk" ] && break
  usleep 50000
done
automount 2>&1
echo "== status $?"
echo "== mounts"
grep "^/dev/$disk" /proc/mounts | sed "s/$disk/DISK/g"
echo "== keys"
cat /home/tc/.ssh/authorized_keys
echo "== start"
head -c 29 "/dev/$disk" | tr -d '\000'
echo
cd "/mnt/$disk"1 2>/dev/null && find var/lib/boot2podman -type f ! -name '*.tar' | while read -r file; do
  echo "== file $file"
  cat "$file"
done
cd /
for folder in $(grep "^/dev/$disk" /proc/mounts | cut -d' ' -f2 | tac); do umount "$folder" || umount -l "$folder"; done
rm -rf /home/tc/.ssh/* /var/lib/boot2podman/*
`;

function faultsOf(said: string, cut: CutPoint, recording: Recording): string[] {
  const section = (name: string) => {
    const from = said.indexOf(`== ${name}\n`);
    if (from === -1) {
      return undefined;
    }
    const text = said.slice(from + name.length + 4);
    const end = text.indexOf("\n== ");
    return end === -1 ? text : text.slice(0, end);
  };
  const faults: string[] = [];
  if (section("status 0") === undefined) {
    faults.push("automount failed");
  }
  for (const folder of ["/mnt/DISK1", "/var/lib/boot2podman", "/var/lib/containers"]) {
    if (!section("mounts")?.includes(`/dev/DISK1 ${folder} ext4 rw`)) {
      faults.push(`${folder} is not mounted for writing`);
    }
  }
  if (recording.key !== undefined && !section("keys")?.includes(recording.key)) {
    faults.push("the key is missing");
  }
  if (section("start")?.includes("format-me")) {
    faults.push("the magic is still there");
  }
  for (const { flushes, path: name, content } of recording.owed) {
    if (flushes > cut.flushes) {
      continue;
    }
    const found = section(`file ${name}`);
    if (found?.trimEnd() !== content.trimEnd()) {
      faults.push(`${name} is ${found === undefined ? "gone" : "another"}`);
    }
  }
  return faults;
}

/** The whole check, from outside, of what automount left behind. */
async function filesystemFaults(file: string, dataOffsetBytes: number): Promise<string[]> {
  const check = await run(["e2fsck", "-fn", `${file}?offset=${dataOffsetBytes}`]);
  return check.exitCode === 0
    ? []
    : [`e2fsck finds errors afterwards: ${check.stdout.slice(0, 500)}`];
}
