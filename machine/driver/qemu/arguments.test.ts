import { expect, test } from "vitest";
import { filesIn } from "../../store/machine-files.ts";
import { type LaunchPlan, qemuArguments } from "./arguments.ts";

const plan: LaunchPlan = {
  name: "box",
  files: filesIn("/m/box"),
  machineType: "q35",
  emulatedCpu: "max",
  accelerator: "tcg",
  threads: "multi",
  memoryMib: 1024,
  memory: { kind: "own" },
  hasAgent: true,
  cpus: 2,
  network: { kind: "user", isRestricted: false, sshPort: 40_000, publish: [] },
  disk: { path: "/m/box/disk.qcow2", cacheMode: "default", ioMode: "threads" },
  shares: [],
  display: undefined,
  sandbox: ["-sandbox", "on"],
  boot: {
    kind: "kernel",
    kernel: "/i/vmlinuz64",
    initrd: "/i/initrd",
    usrDisk: "/i/usr.img",
    commandLine: "a=b c",
  },
};

/** The values that follow an option. */
function valuesOf(option: string, change: Partial<LaunchPlan> = {}): string[] {
  const args = qemuArguments({ ...plan, ...change });
  return args.flatMap((word, index) => (word === option ? [args[index + 1] ?? ""] : []));
}

test.each([
  ["-name", ["box,process=podman-machine-box"]],
  ["-machine", ["q35"]],
  ["-accel", ["tcg,thread=multi"]],
  ["-smp", ["2"]],
  ["-m", ["1024"]],
  ["-kernel", ["/i/vmlinuz64"]],
  ["-initrd", ["/i/initrd"]],
  ["-append", ["a=b c"]],
  ["-netdev", ["user,id=net0,hostname=box,hostfwd=tcp:127.0.0.1:40000-:22"]],
  ["-qmp", ["unix:/m/box/monitor,server=on,wait=off"]],
  ["-pidfile", ["/m/box/qemu.pid"]],
  ["-serial", ["chardev:console"]],
  ["-add-fd", ["fd=3,set=3", "fd=4,set=4"]],
  ["-sandbox", ["on"]],
  [
    "-chardev",
    [
      "socket,id=console,path=/m/box/console,server=on,wait=off,logfile=/dev/fdset/3,logappend=on",
      "file,id=boot,path=/dev/fdset/4,append=on",
      "socket,id=agent,path=/m/box/agent,server=on,wait=off",
    ],
  ],
  [
    "-device",
    [
      "virtio-blk-pci,drive=data,serial=data",
      "virtio-blk-pci,drive=usr,serial=boot2podman-usr",
      "virtio-net-pci,netdev=net0,romfile=",
      "virtio-rng-pci,rng=rng0",
      "virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on",
      "virtio-serial-pci",
      "virtserialport,chardev=boot,name=org.boot2podman.boot.0",
      "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
      "pcie-root-port,id=plug,chassis=2,slot=2",
    ],
  ],
])("%s is given as %j", (option, values) => {
  expect(valuesOf(option)).toEqual(values);
});

test("every forwarded port is bound to the loopback address", () => {
  const forwards = qemuArguments(plan)
    .join(" ")
    .match(/hostfwd=[^ ,]+/g);
  expect(forwards).toEqual(["hostfwd=tcp:127.0.0.1:40000-:22"]);
});

test("QEMU does not fork, shows nothing and reads no config of its own", () => {
  const args = qemuArguments(plan);
  expect(args).not.toContain("-daemonize");
  expect(args).toContain("-nodefaults");
  expect(args).toContain("-no-user-config");
  expect(valuesOf("-display")).toEqual(["none"]);
});

test("what the guest discards is given back to the host", () => {
  expect(JSON.parse(valuesOf("-blockdev")[0] ?? "")).toEqual({
    driver: "qcow2",
    "node-name": "data",
    discard: "unmap",
    "detect-zeroes": "unmap",
    file: { driver: "file", filename: "/m/box/disk.qcow2", discard: "unmap" },
  });
});

test("the disk with /usr is read-only, and left out when the initrd has it", () => {
  expect(JSON.parse(valuesOf("-blockdev")[1] ?? "")).toEqual({
    driver: "raw",
    "node-name": "usr",
    "read-only": true,
    file: { driver: "file", filename: "/i/usr.img", "read-only": true },
  });
  const boot = { ...plan.boot, usrDisk: undefined } as LaunchPlan["boot"];
  expect(valuesOf("-blockdev", { boot })).toHaveLength(1);
});

test("the ISO is a read-only CD that is booted first, and no kernel is given", () => {
  const boot = { kind: "iso", iso: "/i/b.iso", cdDevice: "ide-cd" } as const;
  expect(valuesOf("-kernel", { boot })).toEqual([]);
  expect(JSON.parse(valuesOf("-blockdev", { boot })[0] ?? "")).toMatchObject({
    "node-name": "iso",
    "read-only": true,
    file: { filename: "/i/b.iso", "read-only": true },
  });
  expect(valuesOf("-device", { boot })[0]).toBe("ide-cd,drive=iso,bootindex=0");
});

test("commas and quotes in a folder's name don't end a value", () => {
  const files = filesIn('/m,x/"box');
  const disk = { ...plan.disk, path: files.disk };
  expect(valuesOf("-qmp", { files })).toEqual(['unix:/m,,x/"box/monitor,server=on,wait=off']);
  expect(valuesOf("-chardev", { files })[2]).toBe(
    'socket,id=agent,path=/m,,x/"box/agent,server=on,wait=off',
  );
  expect(JSON.parse(valuesOf("-blockdev", { files, disk })[0] ?? "")).toMatchObject({
    file: { filename: '/m,x/"box/disk.qcow2' },
  });
});

test("a machine that can be saved has its memory in a file, its balloon on a port, and a generation id", () => {
  const memory = { kind: "savable" } as const;
  expect(valuesOf("-machine", { memory })).toEqual(["q35,memory-backend=ram"]);
  expect(valuesOf("-object", { memory })[0]).toBe(
    "memory-backend-memfd,share=on,id=ram,size=1024M",
  );
  expect(valuesOf("-object", { memory: { ...memory, descriptor: 5 } })[0]).toBe(
    "memory-backend-file,share=on,mem-path=/proc/self/fd/5,id=ram,size=1024M",
  );
  expect(valuesOf("-device", { memory })).toEqual(
    expect.arrayContaining([
      "pcie-root-port,id=slot0,chassis=1,slot=1",
      "virtio-balloon-pci,id=balloon,bus=slot0,free-page-reporting=on,deflate-on-oom=on",
      "vmgenid,guid=auto",
      "virtserialport,chardev=control,name=org.boot2podman.control.0",
    ]),
  );
  expect(valuesOf("-incoming", { memory })).toEqual([]);
});

test("a fork copies the template's memory as it writes, and has nothing that would write into its file", () => {
  const memory = { kind: "template", path: "/t/a,b/memory" } as const;
  expect(valuesOf("-object", { memory })[0]).toBe(
    "memory-backend-file,share=off,mem-path=/t/a,,b/memory,id=ram,size=1024M",
  );
  expect(valuesOf("-device", { memory }).join(" ")).not.toContain("balloon");
  expect(valuesOf("-incoming", { memory })).toEqual(["defer"]);
  expect(valuesOf("-accel", { memory })).toEqual(["tcg,thread=multi,tb-size=256"]);
});

test("a fork has the devices of what was saved, but the balloon, which is taken off before", () => {
  const devices = (memory: LaunchPlan["memory"]) =>
    valuesOf("-device", { memory }).filter((device) => !device.startsWith("virtio-balloon"));
  expect(devices({ kind: "template", path: "/t/memory" })).toEqual(devices({ kind: "savable" }));
});

test("a guest whose agent nobody may talk to keeps the port, with nothing behind it", () => {
  expect(valuesOf("-chardev", { hasAgent: false })).toContain("null,id=agent");
  expect(valuesOf("-device", { hasAgent: false })).toEqual(valuesOf("-device"));
});
