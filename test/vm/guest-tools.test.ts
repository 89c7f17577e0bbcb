import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxImage, importBusybox } from "./harness/container-image.ts";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { GuestAgent } from "./harness/guest-agent.ts";
import { runOk } from "./harness/run.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { type SharedFolder, sharedMemory, shareFolder } from "./harness/virtiofs.ts";

/** SMBIOS strings that make a machine of QEMU's look like one of VMware's. */
const likeVmware = [
  ...["-smbios", "type=0,vendor=Phoenix Technologies LTD"],
  ...["-smbios", "type=1,manufacturer=VMware\\, Inc.,product=VMware Virtual Platform"],
].map((word) => word.replace("\\,", ",,"));

function ninePFolder(id: string, folder: string, tag: string): string[] {
  return [
    ...["-fsdev", `local,id=${id},path=${folder},security_model=none`],
    ...["-device", `virtio-9p-pci,fsdev=${id},mount_tag=${tag}`],
  ];
}

/** Memory of the host's that QEMU holds, in MB. */
async function residentMb(machine: TestMachine): Promise<number> {
  const status = await readFile(`/proc/${machine.process?.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1000;
}

/** Asks again until it holds; throws with the last answer when it never does. */
async function eventually<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(value)} after 120 s`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

describe("on QEMU, with everything that a host can give a machine", () => {
  let identity: Identity;
  let scratch: string;
  let virtiofs: SharedFolder;
  let machine: TestMachine;
  let agent: GuestAgent;

  beforeAll(async () => {
    identity = await newIdentity();
    scratch = await mkdtemp(path.join(tmpdir(), "b2p-g-"));
    for (const name of ["users", "src", "bad", "late"]) {
      await mkdir(path.join(scratch, name));
      await writeFile(path.join(scratch, name, "file"), `of ${name}\n`);
    }
    await runOk(["truncate", "-s", "64M", path.join(scratch, "late.raw")]);
    virtiofs = await shareFolder(path.join(scratch, "users"), "Users", scratch);
    machine = await TestMachine.start({
      key: identity.key,
      disks: [await newDataDisk(identity)],
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
    agent = await GuestAgent.connect(machine);
  });
  afterAll(async () => {
    agent?.close();
    await machine?.remove();
    virtiofs?.process.kill();
    await rm(scratch, { recursive: true, force: true });
    await rm(identity.folder, { recursive: true, force: true });
  });

  test("believes the CPU more than a DMI that names another hypervisor", async () => {
    expect(await machine.guest("cat /sys/class/dmi/id/sys_vendor")).toBe("VMware, Inc.");
    expect(JSON.parse(await machine.guest("guest-tools detect --json"))).toEqual({
      hypervisor: "qemu",
      by: 'CPUID signature "TCGTCGTCGTCG"',
    });
  });

  test("mounts shares of virtiofs by their tags and of 9p where the boot option says", async () => {
    expect(await machine.guest("cat /Users/file src/file")).toBe("of users\nof src");
    await machine.root("echo from the guest > /Users/reply");
    expect(await readFile(path.join(scratch, "users/reply"), "utf8")).toBe("from the guest\n");
    const refused = await machine.ssh("touch /home/tc/src/x", { user: "root" });
    expect(refused.stderr).toMatch(/Read-only file system/);
  });

  test("gives shares to containers", async () => {
    await importBusybox(machine);
    const volumes = "-v /Users:/data -v /home/tc/src:/src:ro";
    expect(
      await machine.root(`podman run --rm ${volumes} ${busyboxImage} cat /data/file /src/file`),
    ).toBe("of users\nof src");
  });

  test("reports a share with a bad name and one that isn't there, and boots all the same", async () => {
    const status = await machine.guest("boot2podman status");
    expect(status).toMatch(/^shares +failed .*share "gone" for \/gone isn't offered/m);
    expect(status).toMatch(/9p share "\.\.\/\.\.\/etc\/bad" stays away: it has the part "\.\."/);
    expect(status).toMatch(/^ready +ok/m);
    expect(await machine.guest("ls -d /gone /etc/bad 2>/dev/null | wc -l")).toBe("0");
  });

  test("answers the host by the guest agent, with its addresses", async () => {
    expect(await agent.ask("guest-sync", { id: 4711 })).toBe(4711);
    await agent.ask("guest-ping");
    const addresses = JSON.stringify(await agent.ask("guest-network-get-interfaces"));
    expect(addresses).toContain('"ip-address":"10.0.2.15"');
    expect(await agent.ask("guest-get-host-name")).toEqual({ "host-name": "box" });
  });

  test.each([
    ["guest-exec", { path: "/bin/id" }],
    ["guest-file-open", { path: "/etc/shadow" }],
    ["guest-ssh-add-authorized-keys", { username: "tc", keys: [] }],
    ["guest-set-user-password", { username: "tc", password: "eA==", crypted: false }],
  ])("lets the host not use %s", async (command, args) => {
    await expect(agent.ask(command, args)).rejects.toThrow(
      /CommandNotFound: .*(disabled|blocked|not allowed)/,
    );
  });

  test("freezes the data disk for a snapshot and thaws it", async () => {
    expect(await agent.ask("guest-fsfreeze-freeze")).toBeGreaterThanOrEqual(1);
    try {
      expect(await agent.ask("guest-fsfreeze-status")).toBe("frozen");
      const write = machine.root("echo late > /var/lib/boot2podman/late && echo written");
      const first = await Promise.race([
        write,
        new Promise<string>((resolve) => setTimeout(() => resolve("waits"), 4_000)),
      ]);
      expect(first).toBe("waits");
      expect(await agent.ask("guest-fsfreeze-thaw")).toBeGreaterThanOrEqual(1);
      expect(await write).toBe("written");
    } finally {
      await agent.ask("guest-fsfreeze-thaw");
    }
    expect(await machine.root("ls /run/boot2podman/thaw-timer 2>/dev/null | wc -l")).toBe("0");
  });

  test("thaws by itself when nobody asks for it", async () => {
    // The timer's own work, without its minute.
    await machine.root("fsfreeze --freeze /var/lib/boot2podman");
    const hook = "sed 's/^limit=60$/limit=1/' /usr/lib/boot2podman/freeze-hook > /tmp/hook";
    await machine.root(`${hook}; chmod +x /tmp/hook; /tmp/hook freeze`);
    expect(await machine.root("echo x > /var/lib/boot2podman/late && echo written")).toBe(
      "written",
    );
    expect(await machine.root("dmesg")).toMatch(/was frozen for 1 s; thawed/);
  });

  test("takes the time that the host sets", async () => {
    const timeMs = Date.now() + 86_400_000;
    await agent.ask("guest-set-time", { time: timeMs * 1e6 });
    const there = Number(await machine.guest("date +%s")) * 1000;
    expect(Math.abs(there - timeMs)).toBeLessThan(120_000);
    await agent.ask("guest-set-time", { time: Date.now() * 1e6 });
  });

  test("starts the agent again when it ends", async () => {
    await machine.root("kill -9 $(pidof qemu-ga)");
    await eventually(
      () => machine.root("dmesg | grep -c 'qemu-ga ended' || true"),
      (count) => count === "1",
    );
    await agent.ask("guest-ping");
  });

  test("serves a disk and a network card that are plugged in later", async () => {
    const monitor = await machine.monitor();
    const file = { driver: "file", filename: path.join(scratch, "late.raw") };
    await monitor.execute("blockdev-add", { driver: "raw", "node-name": "late", file });
    await monitor.execute("device_add", {
      driver: "nvme",
      drive: "late",
      serial: "late",
      bus: "slot1",
      id: "late",
    });
    await monitor.execute("netdev_add", { type: "user", id: "late" });
    await monitor.execute("device_add", { driver: "e1000e", netdev: "late", bus: "slot2" });
    monitor.close();
    await eventually(
      () =>
        machine.root(
          "cat /sys/block/nvme0n1/size 2>/dev/null; cat /sys/class/net/*/carrier | wc -l",
        ),
      (said) => said === "131072\n3",
    );
  });

  test("mounts a shared folder that is plugged in later", async () => {
    const monitor = await machine.monitor();
    const device = { driver: "virtio-9p-pci", fsdev: "late", mount_tag: "later", bus: "slot3" };
    await monitor.execute("device_add", device);
    monitor.close();
    await eventually(
      () => machine.guest("cat /later/file 2>/dev/null || true"),
      (said) => said === "of late",
    );
  });

  test("gives memory that it doesn't need back to the host", async () => {
    await machine.root("dd if=/dev/urandom of=/tmp/much bs=1M count=300 2>/dev/null; sync");
    const full = await residentMb(machine);
    await machine.root("rm /tmp/much; echo 3 > /proc/sys/vm/drop_caches");
    const after = await eventually(
      () => residentMb(machine),
      (mb) => mb < full - 250,
    );
    console.log(`QEMU's memory: ${full.toFixed()} MB, then ${after.toFixed()} MB`);
  });

  test("gives the host what its balloon asks for, and gets it back", async () => {
    const monitor = await machine.monitor();
    const freeMb = async () =>
      Number(await machine.root("awk '/MemFree/{print int($2/1000)}' /proc/meminfo"));
    const before = await freeMb();
    await monitor.execute("balloon", { value: 768 * 2 ** 20 });
    const given = async () => JSON.stringify(await monitor.execute("query-balloon"));
    await eventually(given, (said) => said === JSON.stringify({ actual: 768 * 2 ** 20 }));
    expect(await freeMb()).toBeLessThan(before - 150);
    await monitor.execute("balloon", { value: 1024 * 2 ** 20 });
    await eventually(freeMb, (mb) => mb > before - 50);
    monitor.close();
  });

  test("knows how to reach the host by vsock when there is such a device", async () => {
    const folder = "/lib/modules/$(uname -r)";
    expect(await machine.guest(`grep -c '^alias virtio:d00000013' ${folder}/modules.alias`)).toBe(
      "1",
    );
  });

  test("lives on when the host takes a shared folder away", async () => {
    await rm(path.join(scratch, "src"), { recursive: true });
    const gone = await machine.ssh("timeout 20 cat /home/tc/src/file");
    expect(gone.exitCode).toBe(1);
    expect(gone.stderr).toMatch(/No such file|Stale file handle/);
    expect(await machine.guest("cat /Users/file")).toBe("of users");
  });

  test("switches itself off when the host asks the agent", async () => {
    agent.tell("guest-shutdown", { mode: "powerdown" });
    await machine.ended(180_000);
  });
});

describe("on what looks like VMware, with its disks and network cards", () => {
  let identity: Identity;
  let machine: TestMachine;

  beforeAll(async () => {
    identity = await newIdentity();
    const { file } = await newDataDisk(identity);
    machine = await TestMachine.start({
      key: identity.key,
      cpu: "max,tcg-cpuid=off",
      extra: [
        ...likeVmware,
        ...["-device", "pvscsi,id=pv", "-drive", `if=none,id=pvdisk,format=raw,file=${file}`],
        ...["-device", "scsi-hd,drive=pvdisk,bus=pv.0"],
        ...["-netdev", "user,id=n1,net=10.1.0.0/24", "-device", "vmxnet3,netdev=n1"],
        ...["-netdev", "user,id=n2,net=10.2.0.0/24", "-device", "e1000,netdev=n2"],
      ],
    });
  });
  afterAll(async () => {
    await machine?.remove();
    await rm(identity.folder, { recursive: true, force: true });
  });

  test("knows it, says which tools are missing, and starts nothing of QEMU's", async () => {
    expect(await machine.guest("guest-tools detect")).toBe(
      'vmware (DMI product name "VMware Virtual Platform")',
    );
    const status = await machine.guest("boot2podman status");
    expect(status).toMatch(/^guest-tools +ok .* vmware, missing: \/usr\/bin\/vmtoolsd /m);
    expect(await machine.guest("pidof qemu-ga || echo none")).toBe("none");
  });

  test("has its data on the disk behind pvscsi", async () => {
    expect(await machine.guest("cat /proc/mounts")).toMatch(/^\/dev\/sda1 \/mnt\/sda1 ext4 rw/m);
    expect(
      await machine.root("basename $(readlink -f /sys/block/sda/device/../../../driver)"),
    ).toBe("vmw_pvscsi");
  });

  test("gets an address on each network card", async () => {
    const drivers = await machine.guest(
      "for card in /sys/class/net/eth*; do basename $(readlink $card/device/driver); done | sort",
    );
    expect(drivers.split("\n")).toEqual(["e1000", "virtio_net", "vmxnet3"]);
    await eventually(
      () => machine.guest("ip -4 addr | grep -c 'inet 10\\.[012]\\.'"),
      (count) => count === "3",
    );
  });

  // The real program on the real files, with other names laid over those of the firmware.
  test.each([
    ["innotek GmbH", "VirtualBox", "virtualbox"],
    ["Microsoft Corporation", "Virtual Machine", "hyper-v"],
    ["Parallels International GmbH.", "Parallels ARM Virtual Machine", "parallels"],
    ["Xen", "HVM domU", "xen"],
    ["Apple Inc.", "Apple Virtualization Generic Platform", "apple"],
    ["Amazon EC2", "t3.micro", "amazon"],
    ["Google", "Google Compute Engine", "google"],
    ["FreeBSD", "BHYVE", "bhyve"],
  ])("knows %s %s", async (vendor, product, hypervisor) => {
    const lay = (file: string, text: string) =>
      `printf '%s\\n' '${text}' > /tmp/${file}; mount --bind /tmp/${file} /sys/class/dmi/id/${file}`;
    const script = [
      lay("sys_vendor", vendor),
      lay("product_name", product),
      lay("bios_vendor", "x"),
      lay("board_vendor", "x"),
      "guest-tools --dry-run",
    ].join("; ");
    const said = await machine.root(`unshare -m sh -c "${script.replaceAll('"', '\\"')}"`);
    expect(said).toMatch(new RegExp(`^hypervisor ${hypervisor}, told by DMI`));
    if (!["bhyve", "google"].includes(hypervisor)) expect(said).not.toContain("qemu-ga");
  });
});
