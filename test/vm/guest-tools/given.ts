import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test as plain } from "vitest";
import { fatSeedDisk } from "../disks/seed-disk.ts";
import { type Identity, newKey } from "../harness/data-disk.ts";
import { eventually } from "../harness/eventually.ts";
import { GuestAgent } from "../harness/guest-agent.ts";
import type { DiskOptions } from "../harness/qemu.ts";
import { runOk } from "../harness/run.ts";
import { sharedByFile } from "../harness/shared-by-file.ts";
import { TestMachine } from "../harness/test-machine.ts";
import { usedDisk } from "../harness/used-disk.ts";
import { type SharedFolder, sharedMemory, shareFolder } from "../harness/virtiofs.ts";
import { likeVmware } from "./like-vmware.ts";
import { plugWhileItWaits } from "./plug-while-it-waits.ts";

/** The first interface's; QEMU's own choice. */
const mac = "52:54:00:12:34:56";

/** The machine with everything that QEMU can give, shared by groups of tests. */
export interface Given {
  identity: Identity;
  machine: TestMachine;
  agent: GuestAgent;
  /** The data disk. */
  disk: DiskOptions;
  /** The share /Users, and the process that serves it. */
  virtiofs: SharedFolder;
  /** A folder of the host's, with the shared folders and the disk that is plugged in later. */
  scratch: string;
}

function ninePFolder(id: string, folder: string, tag: string): string[] {
  return [
    ...["-fsdev", `local,id=${id},path=${folder},security_model=none`],
    ...["-device", `virtio-9p-pci,fsdev=${id},mount_tag=${tag}`],
  ];
}

/** A machine on QEMU, with everything that a host can give it. */
export const test = plain.extend(
  "given",
  ...sharedByFile(async (atTheEnd): Promise<Given> => {
    const { identity, disk } = await usedDisk();
    atTheEnd(() => rm(identity.folder, { recursive: true, force: true }));
    const scratch = await mkdtemp(path.join(tmpdir(), "b2p-g-"));
    atTheEnd(() => rm(scratch, { recursive: true, force: true }));
    for (const name of ["users", "src", "bad", "late"]) {
      await mkdir(path.join(scratch, name));
      await writeFile(path.join(scratch, name, "file"), `of ${name}\n`);
    }
    await runOk(["truncate", "-s", "64M", path.join(scratch, "late.raw")]);
    const seed = await fatSeedDisk(
      identity.folder,
      {
        hostname: "late-7",
        key: await newKey(identity, "nocloud"),
        strangersKey: await newKey(identity, "stranger"),
      },
      mac,
    );
    const frames = path.join(scratch, "frames");
    const virtiofs = await shareFolder(path.join(scratch, "users"), "Users", scratch);
    atTheEnd(() => virtiofs.process.kill());
    const machine = await TestMachine.create({
      key: identity.key,
      append: "waitusb=600 boot2podman.share=src:/home/tc/src:ro boot2podman.share=gone:/gone",
      extra: [
        ...sharedMemory(1024),
        ...virtiofs.arguments,
        ...ninePFolder("src", path.join(scratch, "src"), "src"),
        ...ninePFolder("bad", path.join(scratch, "bad"), "../../etc/bad"),
        ...["-fsdev", `local,id=late,path=${path.join(scratch, "late")},security_model=none`],
        ...["-device", "virtio-balloon-pci,id=balloon,free-page-reporting=on,deflate-on-oom=on"],
        ...["-device", "pcie-root-port,id=slot1,slot=1"],
        ...["-device", "pcie-root-port,id=slot2,slot=2"],
        ...["-device", "pcie-root-port,id=slot3,slot=3"],
        ...["-device", "qemu-xhci,id=usb", "-device", "virtio-scsi-pci,id=scsi"],
        ...["-object", `filter-dump,id=frames,netdev=net,file=${frames}`],
        ...likeVmware,
      ],
    });
    atTheEnd(() => machine.remove());
    await machine.powerOn();
    await plugWhileItWaits(machine, { seed, disk: disk.file, frames });
    await machine.waitForSsh();
    // On a slow host sshd may greet before the data disk is there, which has the key.
    await eventually(
      () => machine.ssh("true", { user: "root" }),
      ({ exitCode }) => exitCode === 0,
    );
    const agent = await GuestAgent.connect(machine);
    atTheEnd(() => agent.close());
    return { identity, machine, agent, disk, virtiofs, scratch };
  }),
);
