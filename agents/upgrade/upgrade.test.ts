import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { type DiskParts, readDiskImage } from "./disk-stream.ts";
import { environmentText, parseEnvironment, type Slot } from "./grub-environment.ts";
import { findSource, signersPath } from "./source.ts";
import { confirmSlot, goBack, upgradeDisk } from "./upgrade.ts";

const esp = "/run/boot2podman/boot-partition";
const grubenv = `${esp}/EFI/debian/grubenv`;
const usrBytes = 16 * 1024;

describe("grubenv", () => {
  test.each<[Slot, Slot | undefined]>([
    ["a", undefined],
    ["b", "a"],
  ])("says what is booted (%s) and what is tried (%s), in the first sector", (slot, tried) => {
    const text = environmentText({ slot, tried });
    expect(text).toHaveLength(1024);
    expect(text.slice(512)).toBe("#".repeat(512));
    expect(parseEnvironment(text)).toEqual({ slot, tried });
  });

  test.each(["", "slot=a\n", "# GRUB Environment Block\nslot=c\n"])(
    "that isn't ours (%j) is refused",
    (text) => {
      expect(() => parseEnvironment(text)).toThrow("names no slot");
    },
  );
});

/** A disk image in small: sector 0, a boot partition of 2 KiB, and /usr. */
function diskImage({ usr = "u", boot = "k", sectors = usrBytes / 512 } = {}): Buffer {
  const image = Buffer.alloc(512 * (1 + 4 + usrBytes / 512 + 8));
  const entry = (index: number, type: number, start: number, size: number) => {
    image[446 + index * 16 + 4] = type;
    image.writeUInt32LE(start, 446 + index * 16 + 8);
    image.writeUInt32LE(size, 446 + index * 16 + 12);
  };
  entry(0, 0xef, 1, 4);
  entry(1, 0x83, 5, sectors);
  image.set([0x55, 0xaa], 510);
  image.fill(boot, 512, 512 + 2048);
  image.fill(usr, 5 * 512, 5 * 512 + usrBytes - 4096);
  image.fill("i", 5 * 512 + usrBytes - 4096, 5 * 512 + usrBytes);
  return image;
}

async function* inParts(image: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts, image.length].sort((a, b) => a - b)) {
    yield image.subarray(from, cut);
    from = cut;
  }
}

const right = (image: Uint8Array, cuts: readonly number[] = []) => ({
  bytes: inParts(image, cuts),
  settle: () => Promise.resolve(),
});

describe("a disk image that is read as it comes", () => {
  test("gives the same parts, however it is cut", async () => {
    const image = diskImage();
    const cut = fc.array(fc.integer({ min: 0, max: image.length }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cut, async (cuts) => {
        const [boot, usr] = [Buffer.alloc(2048), Buffer.alloc(usrBytes)];
        const parts: DiskParts = {
          check: () => undefined,
          boot: (at, bytes) => boot.set(bytes, at),
          usr: (at, bytes) => usr.set(bytes, at),
        };
        await readDiskImage(inParts(image, cuts), parts);
        expect(boot.equals(image.subarray(512, 5 * 512))).toBe(true);
        expect(usr.equals(image.subarray(5 * 512, 5 * 512 + usrBytes))).toBe(true);
      }),
    );
  });

  test.each([
    ["that is none", Buffer.alloc(4096), "no disk image of boot2podman"],
    ["that was cut off", diskImage().subarray(0, 8192), "it was cut off"],
    ["that is empty", Buffer.alloc(0), "it was cut off"],
  ])("%s is refused", async (_, image, reason) => {
    const nothing = () => undefined;
    const parts = { check: nothing, boot: nothing, usr: nothing };
    await expect(readDiskImage(inParts(image, []), parts)).rejects.toThrow(reason);
  });
});

/** A system that runs from place a of a disk image; mounts of the boot partitions are its files. */
function system({ usr = "/dev/vda2", other = usrBytes + 8192, held = false } = {}): FakeKernel {
  const table = diskImage().subarray(0, 512);
  const kernel = new FakeKernel().lay({
    "/usr": null,
    "/var/lib/boot2podman": null,
    [`${esp}/boot/a/vmlinuz64`]: "old kernel",
    [`${esp}/boot/a/corepure64.gz`]: "old initrd",
    [`${esp}/boot/b/vmlinuz64`]: "older kernel",
    [`${esp}/boot/b/corepure64.gz`]: "older initrd",
    ...Object.fromEntries(
      [1, 2, 3].map((number) => [`/sys/block/vda/vda${number}/partition`, `${number}\n`]),
    ),
  });
  kernel.addBlockDevice("/dev/vda", table);
  kernel.addBlockDevice("/dev/vda3", Buffer.alloc(other, "x"), { held });
  kernel.addBlockDevice(grubenv, Buffer.from(environmentText({ slot: "a", tried: "b" })));
  kernel.addBlockDevice("/var/lib/boot2podman/upgrade/boot.img", Buffer.alloc(2048));
  kernel.mount({ source: usr, target: "/usr", type: "squashfs" });
  for (const program of ["mount", "umount", "mkdir", "cp"]) {
    kernel.onRun(program);
  }
  kernel.onRun("mv", ([, , , to = ""]) => {
    kernel.lay({ [to]: "new" });
    kernel.journal.push(`mv ${to}`);
    return {};
  });
  kernel.journal.length = 0;
  return kernel;
}

const environment = (kernel: FakeKernel) =>
  parseEnvironment(Buffer.from(kernel.blockContent(grubenv)).toString());
const initrd = (kernel: FakeKernel, slot: Slot) =>
  kernel.readTextIfPresent(`${esp}/boot/${slot}/corepure64.gz` as "/run");

describe("an upgrade", () => {
  test("fills the other place, with the identity at its end, and has it tried; the running one isn't touched", async () => {
    const kernel = system();
    const image = diskImage();
    expect(await upgradeDisk(kernel, right(image, [700, 9000]))).toBe("b");
    const usr = Buffer.from(kernel.blockContent("/dev/vda3"));
    expect(usr.subarray(0, usrBytes).equals(image.subarray(5 * 512, 5 * 512 + usrBytes))).toBe(
      true,
    );
    expect(usr.subarray(-4096).toString()).toBe("i".repeat(4096));
    expect(
      Buffer.from(kernel.blockContent("/var/lib/boot2podman/upgrade/boot.img")).toString(),
    ).toBe("k".repeat(2048));
    expect([initrd(kernel, "a"), initrd(kernel, "b")]).toEqual(["old initrd", "new"]);
    expect(environment(kernel)).toEqual({ slot: "a", tried: "b" });
    expect(kernel.exists("/var/lib/boot2podman/upgrade")).toBe(false);
  });

  test("closes the other place before it is written, and has it tried when all is flushed", async () => {
    const kernel = system();
    await upgradeDisk(kernel, right(diskImage()));
    const at = (start: string) => kernel.journal.findIndex((line) => line.startsWith(start));
    const last = (start: string) => kernel.journal.findLastIndex((line) => line.startsWith(start));
    const order = [
      at(`writeBlock ${grubenv}`),
      at(`unlink ${esp}/boot/b/corepure64.gz`),
      at("writeBlock /dev/vda3"),
      at("fsyncBlock /dev/vda3"),
      last("mv "),
      last("syncFilesystem"),
      last(`writeBlock ${grubenv}`),
      last(`fsyncBlock ${grubenv}`),
    ];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  test("from an image that turns out to be another one leaves the system as it was, with the other place closed", async () => {
    const kernel = system();
    const settle = () => Promise.reject(new Error("its SHA-256 is another"));
    const wrong = { bytes: inParts(diskImage(), []), settle };
    await expect(upgradeDisk(kernel, wrong)).rejects.toThrow("its SHA-256 is another");
    expect(environment(kernel)).toEqual({ slot: "a", tried: undefined });
    expect([initrd(kernel, "a"), initrd(kernel, "b")]).toEqual(["old initrd", undefined]);
    expect(kernel.exists("/var/lib/boot2podman/upgrade")).toBe(false);
    expect(kernel.runs.filter(({ argv }) => /mount$/.test(argv[0] ?? ""))).toHaveLength(2);
  });

  test.each([
    ["whose /usr is too large", system({ other: 4096 }), "its /usr needs 16384 bytes"],
    ["while somebody uses the other place", system({ held: true }), "EBUSY"],
    ["of a system in RAM", system({ usr: "/dev/loop0" }), "this system's /usr is in RAM"],
    [
      "of a system on another disk",
      system({ usr: "/dev/vdb" }),
      "this system's /usr is in /dev/vdb",
    ],
  ])("%s is refused, and nothing written there", async (_, kernel, reason) => {
    await expect(upgradeDisk(kernel, right(diskImage()))).rejects.toThrow(reason);
    expect(Buffer.from(kernel.blockContent("/dev/vda3")).toString()).toMatch(/^x+$/);
  });

  test("is kept when the system came up, and can be taken back while the other version is there", async () => {
    const kernel = system({ usr: "/dev/vda3" });
    kernel.addBlockDevice("/dev/vda2", Buffer.alloc(0));
    expect(await confirmSlot(kernel)).toBe("b");
    expect(environment(kernel)).toEqual({ slot: "b", tried: undefined });
    expect(await goBack(kernel)).toBe("a");
    expect(environment(kernel)).toEqual({ slot: "a", tried: undefined });
    kernel.unlink(`${esp}/boot/a/corepure64.gz`);
    await expect(goBack(kernel)).rejects.toThrow("there is no other version");
  });
});

describe("what an image has to be", () => {
  const sum = "1".repeat(64);
  const name = "boot2podman-1.2.3-amd64.raw.zst";
  const list = `${"2".repeat(64)}  boot2podman-1.2.3-arm64.raw.zst\n${sum}  ${name}\n`;
  const find = (kernel: FakeKernel, place: string, sha256?: string) =>
    findSource(kernel, { place, sha256, arch: "amd64" });
  const release = (more = {}) =>
    new FakeKernel().lay({ "/srv/SHA256SUMS": list, "/run/boot2podman": null, ...more });

  test("is what the person says, or the list beside it, also of a whole release", async () => {
    expect(await find(new FakeKernel(), "/srv/x", sum)).toMatchObject({
      place: "/srv/x",
      sha256: sum,
    });
    const found = { place: `/srv/${name}`, sha256: sum, because: "as SHA256SUMS beside it says" };
    expect(await find(release(), `/srv/${name}`)).toEqual(found);
    expect(await find(release(), "/srv/")).toEqual(found);
  });

  test("has to be signed where keys are trusted", async () => {
    const trusting = release({ [signersPath]: "boot2podman ssh-ed25519 A" });
    await expect(find(trusting, "/srv/")).rejects.toThrow(
      "there is no SHA256SUMS.sig beside /srv/",
    );
    trusting.lay({ "/srv/SHA256SUMS.sig": "signature" }).onRun("ssh-keygen", { exitCode: 255 });
    await expect(find(trusting, "/srv/")).rejects.toThrow("is signed by nobody whom");
    trusting.onRun("ssh-keygen", (_, { stdin }) => ({ exitCode: stdin === list ? 0 : 255 }));
    expect((await find(trusting, "/srv/")).because).toBe("as its release was signed");
  });

  test.each([
    ["/srv/other.raw.zst", "doesn't name other.raw.zst"],
    ["/elsewhere/x.raw.zst", "name its SHA-256 with --sha256"],
  ])("is unknown for %s, which is refused", async (place, reason) => {
    await expect(find(release(), place)).rejects.toThrow(reason);
  });
});
