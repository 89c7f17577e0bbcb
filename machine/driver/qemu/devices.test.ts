import { describe, expect, test } from "vitest";
import { diskArguments } from "./disk-device.ts";
import { machineMac } from "./machine-uuid.ts";
import { networkArguments } from "./network-device.ts";
import { planOwnerMap } from "./owner-map.ts";
import { canServe, daemonAbilities, daemonArguments } from "./share-daemons.ts";
import { shareArguments, shareWords } from "./share-devices.ts";

const share = {
  Tag: "share0",
  HostFolder: "/my, folder",
  GuestFolder: "/mnt/a b",
  ReadOnly: false,
};
const readOnly = { ...share, Tag: "share1", GuestFolder: "/ro", ReadOnly: true };
const by9p = (one: typeof share) => ({ share: one, transport: { kind: "9p" } }) as const;

describe("shares", () => {
  test("9p is served by QEMU, and reading alone is its rule", () => {
    expect(shareArguments([by9p(share), by9p(readOnly)], 1024)).toEqual([
      "-fsdev",
      "local,id=share0,path=/my,, folder,security_model=none,multidevs=remap",
      "-device",
      "virtio-9p-pci,fsdev=share0,mount_tag=share0",
      "-fsdev",
      "local,id=share1,path=/my,, folder,security_model=none,multidevs=remap,readonly=on",
      "-device",
      "virtio-9p-pci,fsdev=share1,mount_tag=share1",
    ]);
  });

  test("one that is plugged in later is served from the start, without a device that the saved guest doesn't know", () => {
    const served = { share: readOnly, transport: { kind: "9p", isPlugged: true } } as const;
    expect(shareArguments([served], 1024)).toEqual([
      "-fsdev",
      "local,id=share0,path=/my,, folder,security_model=none,multidevs=remap,readonly=on",
    ]);
  });

  test("a virtiofs daemon is given the guest's memory", () => {
    const served = { share, transport: { kind: "virtiofs", socket: "/m/box/share0" } } as const;
    expect(shareArguments([served], 512)).toEqual([
      "-object",
      "memory-backend-memfd,id=ram,size=512M,share=on",
      "-numa",
      "node,memdev=ram",
      "-chardev",
      "socket,id=share0,path=/m/box/share0",
      "-device",
      "vhost-user-fs-pci,chardev=share0,tag=share0",
    ]);
  });

  test("the guest is told where they go; a name with a space is one word", () => {
    expect(shareWords([share, readOnly])).toEqual([
      '"boot2podman.share=share0:/mnt/a b"',
      "boot2podman.share=share1:/ro:ro",
    ]);
  });

  test("the daemon makes the person and the guest's user one, and forbids writing", () => {
    expect(daemonArguments(readOnly, "/m/box/share1", { uid: 501, gid: 20 })).toEqual([
      ...["--socket-path", "/m/box/share1", "--shared-dir", "/my, folder"],
      ...["--sandbox", "namespace", "--cache", "auto", "--log-level", "info"],
      ...["--translate-uid", "map:1000:501:1", "--translate-uid", "squash-guest:0:501:1000"],
      ...["--translate-uid", "squash-guest:1001:501:4294966294"],
      ...["--translate-gid", "map:50:20:1", "--translate-gid", "squash-guest:0:20:50"],
      ...["--translate-gid", "squash-guest:51:20:4294967244"],
      "--readonly",
    ]);
  });

  test.each([
    ["--translate-uid --readonly", true, true],
    ["--translate-uid", true, false],
    ["-o source", false, false],
  ])("a daemon that knows %s", (help, serves, servesReadOnly) => {
    const daemon = daemonAbilities("virtiofsd", help);
    expect(canServe(daemon, share)).toBe(serves);
    expect(canServe(daemon, readOnly)).toBe(servesReadOnly);
  });

  const facts = {
    uid: 501,
    gid: 20,
    shares: [by9p(share)],
    network: "user",
    ports: [2200],
  } as const;
  test.each([
    ["another person's folder", facts, "yes"],
    ["a restricted network's", { ...facts, network: "restricted" as const }, "yes"],
    ["no share", { ...facts, shares: [] }, "no"],
    ["the guest's own numbers", { ...facts, uid: 1000, gid: 50 }, "no"],
    ["a port that takes a privilege", { ...facts, ports: [80] }, "can't"],
    ["a network that takes one", { ...facts, network: "tap" as const }, "can't"],
  ])("owners of %s: %s", (_, found, plan) => {
    expect(planOwnerMap(found)).toBe(plan);
  });
});

describe("the network", () => {
  const publish = [
    { HostIP: "127.0.0.1", HostPort: 8080, GuestPort: 80, Protocol: "tcp" as const },
    { HostIP: "0.0.0.0", HostPort: 5353, GuestPort: 53, Protocol: "udp" as const },
  ];
  test.each([
    [
      { kind: "user", isRestricted: false, sshPort: 2200, publish } as const,
      "user,id=net0,hostname=box,hostfwd=tcp:127.0.0.1:2200-:22,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:0.0.0.0:5353-:53",
      "",
    ],
    [
      { kind: "user", isRestricted: true, sshPort: 2200, publish: [] } as const,
      "user,id=net0,hostname=box,restrict=on,hostfwd=tcp:127.0.0.1:2200-:22",
      "",
    ],
    [
      { kind: "tap", interface: "tap3" } as const,
      "tap,id=net0,ifname=tap3,script=no,downscript=no",
      `,mac=${machineMac("/m/box")}`,
    ],
    [
      { kind: "bridge", bridge: "br1" } as const,
      "bridge,id=net0,br=br1",
      `,mac=${machineMac("/m/box")}`,
    ],
  ])("%j", (plan, expected, mac) => {
    expect(networkArguments("box", "/m/box", plan)).toEqual([
      ...["-netdev", expected],
      ...["-device", `virtio-net-pci,netdev=net0,romfile=${mac}`],
    ]);
  });
});

describe("the disk's cache, in the words of -drive", () => {
  const node = (cacheMode: string, ioMode = "threads") =>
    JSON.parse(diskArguments({ path: "/d", cacheMode, ioMode })[1] ?? "");
  test.each([
    ["default", undefined, ""],
    ["writethrough", undefined, ",write-cache=off"],
    ["none", { direct: true, "no-flush": false }, ""],
    ["directsync", { direct: true, "no-flush": false }, ",write-cache=off"],
    ["unsafe", { direct: false, "no-flush": true }, ""],
  ])("%s", (mode, cache, device) => {
    expect(node(mode).cache).toEqual(cache);
    expect(diskArguments({ path: "/d", cacheMode: mode, ioMode: "threads" }).at(-1)).toBe(
      `virtio-blk-pci,drive=data,serial=data${device}`,
    );
  });
  test("io_uring is QEMU's aio", () => {
    expect(node("none", "io_uring").file.aio).toBe("io_uring");
    expect(node("none").file.aio).toBeUndefined();
  });
});
