import { describe, expect, test } from "vitest";
import { credentialArguments, keyLines, shareLines } from "./credential.ts";
import { placeOf } from "./place.ts";
import { type BootcPlan, bootcArguments } from "./qemu-arguments.ts";

const place = placeOf("/cache", "c45ec5ef2eaf76bec1ea0470f864da655bfc075a7d66b1946fafbcf782e0360c");

const plan: BootcPlan = {
  place,
  machineType: "q35,sata=off",
  accelerator: "kvm",
  emulatedCpu: "max",
  threads: "single",
  cpus: 2,
  memoryMib: 2048,
  disk: "/cache/a,b/root.raw",
  isTransient: true,
  boot: { kind: "kernel", kernel: "/k", initrd: "/i", commandLine: "root=LABEL=bootc-root rw" },
  cloudInit: undefined,
  sshPort: 2222,
  publish: [{ HostIP: "127.0.0.1", HostPort: 8080, GuestPort: 80, Protocol: "tcp" }],
  shares: [],
  credentials: {},
  sandbox: [],
};

test("without an installation the kernel is loaded by QEMU, and nothing reaches the file of the disk", () => {
  const args = bootcArguments(plan).join(" ");
  expect(args).toContain("-kernel /k -initrd /i -append root=LABEL=bootc-root rw");
  expect(args).toContain("snapshot=on,cache=unsafe,file=/cache/a,,b/root.raw");
  expect(args).not.toContain("bootindex");
  expect(args).not.toContain("pflash");
  expect(args).toContain("hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=tcp:127.0.0.1:8080-:80");
});

test("an installed disk is booted by UEFI, keeps what is written, and variables of its own", () => {
  const boot = { kind: "efi", firmware: { code: "/code.fd", variables: "/vars.fd" } } as const;
  const args = bootcArguments({ ...plan, boot, isTransient: false, cloudInit: "/c.iso" }).join(" ");
  expect(args).toContain("if=pflash,unit=0,format=raw,readonly=on,file=/code.fd");
  expect(args).toContain(`if=pflash,unit=1,format=raw,file=${place.variables}`);
  expect(args).toContain("bootindex=0");
  expect(args).not.toContain("snapshot");
  expect(args).not.toContain("-kernel");
  expect(args).toMatch(/readonly=on,file=\/c\.iso/);
});

describe("a credential", () => {
  test("lets a key log in, in podman-bootc's words", () => {
    const key = Buffer.from("ssh-ed25519 AAAA\n").toString("base64");
    expect(keyLines("root", "ssh-ed25519 AAAA")).toBe(
      `d /root/.ssh 0750 root root -\nf+~ /root/.ssh/authorized_keys 700 root root - ${key}\n`,
    );
    expect(keyLines("core", "ssh-ed25519 AAAA")).toContain("d /home/core/.ssh 0750 core core -");
  });

  test("mounts shares", () => {
    const share = { Tag: "share0", HostFolder: "/h", GuestFolder: "/a b", ReadOnly: true };
    const virtiofs = { share, transport: { kind: "virtiofs", socket: "/s" } } as const;
    const nineP = { share: { ...share, ReadOnly: false }, transport: { kind: "9p" } } as const;
    expect(shareLines([virtiofs])).toBe("share0 /a\\040b virtiofs ro,nofail 0 0\n");
    expect(shareLines([nineP])).toBe(
      "share0 /a\\040b 9p rw,nofail,trans=virtio,version=9p2000.L,msize=524288 0 0\n",
    );
  });

  test("is given by the firmware's tables, and left out when it is empty", () => {
    expect(credentialArguments({ "tmpfiles.extra": "a,b", "fstab.extra": "" })).toEqual([
      "-smbios",
      `type=11,value=io.systemd.credential.binary:tmpfiles.extra=${Buffer.from("a,b").toString("base64")}`,
    ]);
  });
});
