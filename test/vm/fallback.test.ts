import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { initrdWithInit, initrdWithoutAgents } from "./harness/changed-image.ts";
import { newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { keptHostKeys, shownHostKeys } from "./harness/host-keys.ts";
import { patienceMs } from "./harness/patience.ts";
import { asPodmanStarts, podmanUser, saidToPodman } from "./harness/podman-port.ts";
import { run, runOk } from "./harness/run.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { usedDisk } from "./harness/used-disk.ts";

let machine: TestMachine | undefined;
/** What a test has made beside its machine. */
const folders: string[] = [];
afterEach(async () => {
  await machine?.remove();
  for (const folder of folders.splice(0)) {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Types a line on the serial console's prompt and waits for what the shell answers. */
async function consoleShows(expected: RegExp, deadlineMs = patienceMs): Promise<string> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    const text = machine ? await readFile(machine.console, "utf8") : "";
    if (expected.test(text)) {
      return text;
    }
    if (Date.now() > until) {
      throw new Error(`the console never showed ${expected}\n${text}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test("on a slow disk whose filesystem is checked as a whole, sshd shows the host keys of the disk", async () => {
  const { identity, disk } = await usedDisk();
  folders.push(identity.folder);
  const known = await keptHostKeys(disk);
  await runOk(["debugfs", "-w", "-R", "set_super_value state 2", `${disk.file}?offset=1048576`]);
  const slow = { ...disk, throttling: "throttling.iops-total=30" };
  machine = await TestMachine.start({ disks: [slow], key: identity.key });
  expect(await shownHostKeys(machine)).toEqual(known);
  expect(machine.story()).toMatch(/is checked completely.*the keys on it are used meanwhile/);
});

test("on a CPU that can't run the agents, sshd and a console come up and say why, and podman machine start ends", async () => {
  const identity = await newIdentity();
  folders.push(identity.folder);
  const append = "ignition.platform.id=qemu";
  const extra = await asPodmanStarts(identity);
  machine = await TestMachine.start({ cpu: "core2duo", append, extra });
  const shown = await consoleShows(/box:~\$/);
  expect(shown).toMatch(/the agents can't run here \(exit status 132/);
  expect(shown).toMatch(/running without the agents: no data disk/);
  const scan = await run([
    "ssh-keyscan",
    "-T",
    "60",
    "-t",
    "ed25519",
    "-p",
    String(machine.sshPort),
    "127.0.0.1",
  ]);
  expect(scan.stdout).toMatch(/ssh-ed25519/);
  expect(await saidToPodman(identity)).toBe("Ready\n");
});

test("the rescue option leaves the agents out, and without them no disk is touched, not even one that asks to be formatted", async () => {
  const identity = await newIdentity();
  folders.push(identity.folder);
  const disk = await newDataDisk(identity, { sizeMiB: 64 });
  const before = await readFile(disk.file);
  machine = await TestMachine.start({ append: "boot2podman.rescue", disks: [disk] });
  expect(await consoleShows(/box:~\$/)).toMatch(/rescue boot: running without/);
  await machine.cutPower();
  expect((await readFile(disk.file)).equals(before)).toBe(true);
});

test("with the agents' program removed from the image, sshd and a console come up", async () => {
  const initrd = await initrdWithoutAgents();
  const { identity, disk } = await usedDisk();
  folders.push(path.dirname(initrd), identity.folder);
  const known = await keptHostKeys(disk);
  machine = await TestMachine.start({ initrd, disks: [disk], key: identity.key });
  const shown = await consoleShows(/box:~\$/);
  expect(shown).toMatch(/the agents can't run here \(exit status 127/);
  expect(shown).toMatch(/no data disk is mounted, only the keys on \/dev\/vda1 are used/);
  // Who it is and who may come in outlasts even that.
  expect(await shownHostKeys(machine)).toEqual(known);
  expect(await machine.root("id -un; grep -c ext4 /proc/mounts || true")).toBe("root\n0");
});

test("agents that are late are ended, and sshd and a console come up without them", async () => {
  const patience = /read -r -t 60 answer(.*\n.*\n.*)works 60/;
  const initrd = await initrdWithInit((text) => {
    expect(text).toMatch(patience);
    return text.replace(patience, "read -r -t 0.01 answer$1false");
  });
  folders.push(path.dirname(initrd));
  machine = await TestMachine.start({ initrd });
  const shown = await consoleShows(/box:~\$/);
  expect(shown).toMatch(/the agents didn't prepare the root within/);
  expect(shown).toMatch(/running without the agents: no data disk/);
  expect(shown).not.toContain("init-hooks:");
});

/** A disk that is still to be set up, and its key. */
async function unusedDisk() {
  const identity = await newIdentity();
  return { identity, disk: await newDataDisk(identity, { sizeMiB: 1024 }) };
}

/** Stages that are made to fail, several in one boot. What needs one of them runs in the same boot or in the other. */
const faults: Array<[string, string, typeof usedDisk]> = [
  ["mounts,network,hostname", "used", usedDisk],
  ["cgroups,devices,sysctls,guest-tools", "new", unusedDisk],
];
test.for(faults)(
  "failing stages %s still give SSH, with a %s disk, status says what failed, and podman machine start ends",
  async ([stages, , diskAndKey]) => {
    const { identity, disk } = await diskAndKey();
    folders.push(identity.folder);
    const append = `boot2podman.fault=${stages} ignition.platform.id=qemu`;
    const extra = await asPodmanStarts(identity);
    machine = await TestMachine.start({ append, disks: [disk], key: identity.key, extra });
    const status = await machine.ssh("boot2podman status", { user: podmanUser });
    for (const stage of stages.split(",")) {
      expect(status.stdout).toMatch(new RegExp(`^${stage} +failed`, "m"));
    }
    expect(await saidToPodman(identity)).toBe("Ready\n");
  },
);

test("when the data disk and the keys fail, sshd still shows the host keys of the disk and the console logs in", async () => {
  const { identity, disk } = await usedDisk();
  folders.push(identity.folder);
  const known = await keptHostKeys(disk);
  const append = "boot2podman.fault=automount,sshkeys";
  machine = await TestMachine.start({ append, disks: [disk], key: identity.key });
  await consoleShows(/box:~\$/);
  expect(await shownHostKeys(machine)).toEqual(known);
  expect(await machine.root("id -un")).toBe("root");
});
