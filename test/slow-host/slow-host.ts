// npm run slow-host [-- NAME…]: after a pulled plug a machine shows the host keys that it is known by, however slow its
// host or its disk is, and whatever of its agents is late or has ended. Takes from minutes to an hour.
import { rm } from "node:fs/promises";
import path from "node:path";
import { bootStages } from "../../agents/init-hooks/stages.ts";
import { initrdWithInit, initrdWithoutAgents } from "../vm/harness/changed-image.ts";
import { keptHostKeys, shownHostKeys } from "../vm/harness/host-keys.ts";
import type { DiskOptions } from "../vm/harness/qemu.ts";
import { runOk } from "../vm/harness/run.ts";
import { throttle } from "../vm/harness/slow-host.ts";
import { type MachineOptions, TestMachine } from "../vm/harness/test-machine.ts";
import { usedDisk } from "../vm/harness/used-disk.ts";

const patienceMs = 3_600_000;

interface Case {
  /** The machine; without disks it gets the one of the pulled plug. */
  options(disk: DiskOptions): Promise<MachineOptions> | MachineOptions;
  /** Before it is switched on. */
  prepare?(disk: DiskOptions): Promise<void>;
  /** After it is switched on; gives what ends it. */
  meanwhile?(machine: TestMachine, disk: DiskOptions): Promise<() => void> | (() => void);
  /** What the console must have said. */
  says?: RegExp;
  /** What it must not have said; by default that there are new keys. */
  saysNot?: RegExp;
}

const newKeys = /temporary/;
const atShareOf = (share: number) => (machine: TestMachine) =>
  machine.process === undefined ? () => undefined : throttle(machine.process, share);

/** Marks the filesystem as one with errors: all of it is checked at the next boot. */
async function markErrors(disk: DiskOptions): Promise<void> {
  const device = `${disk.file}?offset=1048576`;
  await runOk(["debugfs", "-w", "-R", "set_super_value state 2", device]);
}

/** All names, in any order: a stage's own function isn't run. */
function everyStage(): string {
  const parts = { settings: { options: { nfsMounts: [] } }, clients: {}, gates: {}, recorder: {} };
  // Only the names are asked for, which need nothing of all this.
  const stages = bootStages(parts as unknown as Parameters<typeof bootStages>[0]);
  return stages.map(({ name }) => name).join(",");
}

/** The agents' process stands still so many seconds after PID 1 has taken over. */
const hangingAfter = (seconds: number) => (text: string) =>
  text.replace(/^( *)exec 3>&-$/m, `$&\n$1(sleep ${seconds}; kill -STOP "$agents_pid") &`);

const cases: Record<string, Case> = {
  "8 % of a core": {
    options: (disk) => ({ disks: [disk] }),
    meanwhile: atShareOf(0.08),
  },
  "a disk of 20 requests a second": {
    options: (disk) => ({ disks: [{ ...disk, throttling: "throttling.iops-total=20" }] }),
  },
  "a disk of 64 KiB a second": {
    options: (disk) => ({ disks: [{ ...disk, throttling: "throttling.bps-total=65536" }] }),
  },
  "a long check": {
    prepare: markErrors,
    options: (disk) => ({ disks: [{ ...disk, throttling: "throttling.iops-total=10" }] }),
    says: /is checked completely.*the keys on it are used meanwhile/,
  },
  "a long check at 8 % of a core": {
    prepare: markErrors,
    options: (disk) => ({ disks: [disk] }),
    meanwhile: atShareOf(0.08),
    says: /is checked completely.*the keys on it are used meanwhile/,
  },
  "every stage fails": {
    options: (disk) => ({ disks: [disk], append: `boot2podman.fault=${everyStage()}` }),
  },
  "agents that are late": {
    options: async (disk) => ({
      disks: [disk],
      initrd: await initrdWithInit((text) =>
        text.replace("read -r -t 60 answer", "read -r -t 0.01 answer").replace("works 60", "false"),
      ),
    }),
    says: /running without the agents: .*only the keys on \/dev\/vda1 are used/,
  },
  "agents that are missing": {
    options: async (disk) => ({ disks: [disk], initrd: await initrdWithoutAgents() }),
    says: /running without the agents: .*only the keys on \/dev\/vda1 are used/,
  },
  "a rescue boot": {
    options: (disk) => ({ disks: [disk], append: "boot2podman.rescue" }),
    says: /running without the agents: .*only the keys on \/dev\/vda1 are used/,
  },
  "agents that stand still": {
    options: async (disk) => ({ disks: [disk], initrd: await initrdWithInit(hangingAfter(0)) }),
    says: /sshd did not hear from the boot in time/,
  },
  "a disk that is plugged in late": {
    options: () => ({
      append: "waitusb=600",
      extra: ["-device", "pcie-root-port,id=port1,chassis=1"],
    }),
    meanwhile: async (machine, disk) => {
      // Longer than anything waits for a disk that isn't announced.
      await new Promise((resolve) => setTimeout(resolve, 150_000));
      const monitor = await machine.monitor();
      const file = { driver: "file", filename: disk.file };
      await monitor.execute("blockdev-add", { driver: "raw", "node-name": "late", file });
      await monitor.execute("device_add", {
        driver: "virtio-blk-pci",
        drive: "late",
        bus: "port1",
      });
      return () => monitor.close();
    },
  },
  "no disk at all": {
    options: () => ({}),
    says: /the host keys are new and temporary/,
    saysNot: /the keys on/,
  },
};

/** A used disk after a pulled plug, and the keys that its host is known by. */
async function pulledPlug() {
  const { identity, disk } = await usedDisk();
  const known = await keptHostKeys(disk);
  const machine = await TestMachine.start({ key: identity.key, disks: [disk] });
  await machine.root("podman volume create before && sync");
  await machine.cutPower();
  await machine.remove();
  return { identity, disk, known };
}

const asked = process.argv.slice(2);
for (const name of asked.filter((one) => !(one in cases))) {
  throw new Error(`no case "${name}"; there are: ${Object.keys(cases).join(", ")}`);
}
const plug = await pulledPlug();
let failed = 0;
try {
  for (const [name, one] of Object.entries(cases)) {
    if (asked.length > 0 && !asked.includes(name)) {
      continue;
    }
    const wrong = await tryCase(name, one);
    failed += wrong.length === 0 ? 0 : 1;
    for (const line of wrong) {
      console.log(`FAILED: ${line}`);
    }
  }
} finally {
  await rm(plug.identity.folder, { recursive: true, force: true });
}
console.log(failed === 0 ? "the host keys were the same everywhere" : `${failed} cases failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function tryCase(name: string, one: Case): Promise<string[]> {
  const disk = { ...plug.disk, file: path.join(plug.identity.folder, "case.raw") };
  await runOk(["cp", "--sparse=always", plug.disk.file, disk.file]);
  await one.prepare?.(disk);
  const options = await one.options(disk);
  const machine = await TestMachine.create({ key: plug.identity.key, ...options });
  let end: (() => void) | undefined;
  try {
    await machine.powerOn();
    end = await one.meanwhile?.(machine, disk);
    // At 8 % of a core a greeting takes ten seconds: who gives up sooner only makes the next one slower.
    await machine.waitForSsh(patienceMs, 60_000);
    const shown = await shownHostKeys(machine);
    const login = await machine.ssh("cut -d' ' -f1 /proc/uptime", { user: "root" });
    const seconds = (machine.bootMs / 1000).toFixed(0);
    console.log(`${name}: greeted after ${seconds} s, ${shown.length} host keys`);
    const story = machine.story();
    const wrong = [];
    if (name === "no disk at all" ? shown.some(isKnown) : !shown.length || !shown.every(isKnown)) {
      wrong.push(`shown: ${shown.join(", ")}`);
    }
    if (one.says && !one.says.test(story)) {
      wrong.push(`the console doesn't say ${one.says}`);
    }
    if ((one.saysNot ?? newKeys).test(story)) {
      wrong.push(`the console says ${one.saysNot ?? newKeys}`);
    }
    if (name !== "no disk at all" && login.exitCode !== 0) {
      wrong.push(`nobody gets in: ${login.stderr}`);
    }
    return wrong.length === 0 ? [] : [...wrong, story];
  } catch (error) {
    return [`${error}`, machine.story()];
  } finally {
    end?.();
    await machine.remove();
    if (options.initrd !== undefined) {
      await rm(path.dirname(options.initrd), { recursive: true, force: true });
    }
  }
}

function isKnown(key: string): boolean {
  return plug.known.includes(key);
}
