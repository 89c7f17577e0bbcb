import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentTests } from "./guest-tools/agent.ts";
import { deviceTests } from "./guest-tools/devices.ts";
import type { Given } from "./guest-tools/given.ts";
import { likeVmware } from "./guest-tools/like-vmware.ts";
import { memoryTests } from "./guest-tools/memory.ts";
import { shareTests } from "./guest-tools/shares.ts";
import type { Identity } from "./harness/data-disk.ts";
import { GuestAgent } from "./harness/guest-agent.ts";
import type { DiskOptions } from "./harness/qemu.ts";
import { runOk } from "./harness/run.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { usedDisk } from "./harness/used-disk.ts";
import { type SharedFolder, sharedMemory, shareFolder } from "./harness/virtiofs.ts";

function ninePFolder(id: string, folder: string, tag: string): string[] {
  return [
    ...["-fsdev", `local,id=${id},path=${folder},security_model=none`],
    ...["-device", `virtio-9p-pci,fsdev=${id},mount_tag=${tag}`],
  ];
}

describe("on QEMU, with everything that a host can give a machine", () => {
  const given = {} as Given;
  let identity: Identity;
  let virtiofs: SharedFolder;
  let disk: DiskOptions;

  beforeAll(async () => {
    ({ identity, disk } = await usedDisk());
    const scratch = await mkdtemp(path.join(tmpdir(), "b2p-g-"));
    given.scratch = scratch;
    for (const name of ["users", "src", "bad", "late"]) {
      await mkdir(path.join(scratch, name));
      await writeFile(path.join(scratch, name, "file"), `of ${name}\n`);
    }
    await runOk(["truncate", "-s", "64M", path.join(scratch, "late.raw")]);
    virtiofs = await shareFolder(path.join(scratch, "users"), "Users", scratch);
    given.machine = await TestMachine.start({
      key: identity.key,
      disks: [disk],
      append: "boot2podman.share=src:/home/tc/src:ro boot2podman.share=gone:/gone",
      extra: [
        ...sharedMemory(1024),
        ...virtiofs.arguments,
        ...ninePFolder("src", path.join(scratch, "src"), "src"),
        ...ninePFolder("bad", path.join(scratch, "bad"), "../../etc/bad"),
        ...["-fsdev", `local,id=late,path=${path.join(scratch, "late")},security_model=none`],
        ...["-device", "virtio-balloon-pci,id=balloon,free-page-reporting=on,deflate-on-oom=on"],
        ...[
          "-device",
          "pcie-root-port,id=slot1,slot=1",
          "-device",
          "pcie-root-port,id=slot2,slot=2",
        ],
        ...["-device", "pcie-root-port,id=slot3,slot=3"],
        ...likeVmware,
      ],
    });
    given.agent = await GuestAgent.connect(given.machine);
  });
  afterAll(async () => {
    given.agent?.close();
    await given.machine?.remove();
    virtiofs?.process.kill();
    await rm(given.scratch, { recursive: true, force: true });
    await rm(identity.folder, { recursive: true, force: true });
  });

  deviceTests(given);
  shareTests(given);
  agentTests(given);
  memoryTests(given);

  test("switches itself off when the host asks the agent, though the server of a share is gone", async () => {
    const { machine, agent } = given;
    virtiofs.process.kill("SIGKILL");
    // Nothing can end a program that waits for it.
    await machine.root("cat /Users/file >/dev/null 2>&1 </dev/null &");
    agent.tell("guest-shutdown", { mode: "powerdown" });
    await machine.ended();
    const said = await readFile(machine.console, "utf8");
    expect(said).toMatch(/the share on \/Users doesn't answer/);
    expect(said).toMatch(/poweroff, without waiting/);
    const state = await runOk(["dumpe2fs", "-h", `${disk.file}?offset=${2 ** 20}`]);
    expect(state).not.toMatch(/needs_recovery/);
  });
});
