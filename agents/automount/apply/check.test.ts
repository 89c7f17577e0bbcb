import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { ext4Checksum } from "../content/crc32.ts";
import {
  descriptorsOffset,
  firstCopy,
  superblockBytes,
  superblockOffset,
} from "../content/ext4.ts";
import { checkFilesystem } from "./check.ts";

const node = "/dev/vda1";
const checksumOffset = 0x3fc;

function superblock(): Buffer {
  const bytes = Buffer.alloc(superblockBytes);
  bytes.writeUInt16LE(0xef53, 0x38);
  bytes.writeUInt32LE(0x4, 0x5c);
  bytes.writeUInt32LE(0x40, 0x60);
  bytes.writeUInt32LE(0x400, 0x64);
  bytes.write("0123456789abcdef", 0x68, "latin1");
  bytes.writeUInt32LE(ext4Checksum(bytes.subarray(0, checksumOffset)), checksumOffset);
  return bytes;
}

/** A machine with a filesystem whose superblock has a new first half, and an e2fsck that goes by its checksum. */
function machine(copy: Buffer): { kernel: FakeKernel; calls: string[] } {
  const disk = Buffer.alloc(9 * 2 ** 20);
  const torn = superblock();
  torn.writeUInt32LE(1_700_000_000, 0x2c);
  torn.copy(disk, superblockOffset);
  const { block, blockBytes } = firstCopy({ blockBytes: 1024 });
  copy.copy(disk, block * blockBytes);
  const kernel = new FakeKernel().lay({ "/dev": null, "/sys/fs/ext4": null });
  kernel.addBlockDevice(node, disk);
  const calls: string[] = [];
  kernel.onRun("e2fsck", (argv) => {
    calls.push(argv.join(" "));
    const now = Buffer.from(kernel.blockContent(node)).subarray(superblockOffset);
    const isSound =
      now.readUInt32LE(checksumOffset) === ext4Checksum(now.subarray(0, checksumOffset));
    if (isSound || argv.includes("-b")) {
      return { exitCode: 1, stdout: "recovering journal" };
    }
    return { exitCode: 8, stderr: "Superblock checksum does not match superblock" };
  });
  return { kernel, calls };
}

describe("the check of a filesystem whose superblock a power cut left half-written", () => {
  test("sets the checksum right, so that the journal is replayed and not all is checked", async () => {
    const { kernel, calls } = machine(superblock());
    const told: unknown[] = [];
    const checked = await checkFilesystem(kernel, node, (copy) => told.push(copy));
    expect(checked.sound).toBe(true);
    expect(checked.message).toContain("half written and has been repaired; repaired: recovering");
    expect(calls).toEqual(["e2fsck -p /dev/vda1", "e2fsck -p /dev/vda1"]);
    expect(told).toEqual([]);
  });

  test("goes by the copy where more than the checksum is damaged", async () => {
    const whole = superblock().fill(3, 0x54, 0x58);
    const { kernel, calls } = machine(whole);
    const before = Buffer.from(kernel.blockContent(node));
    const told: unknown[] = [];
    const checked = await checkFilesystem(kernel, node, (copy) => told.push(copy));
    expect(checked.message).toContain("superblock restored from its copy");
    expect(calls.at(-1)).toBe("e2fsck -p -b 8193 -B 1024 /dev/vda1");
    expect(told).toEqual([{ block: 8193, blockBytes: 1024 }]);
    expect(Buffer.compare(before, Buffer.from(kernel.blockContent(node)))).toBe(0);
  });

  test("never goes by what another filesystem left at the copy's place", async () => {
    const { kernel, calls } = machine(superblock().fill(7, 0x68, 0x78));
    const before = Buffer.from(kernel.blockContent(node));
    const told: unknown[] = [];
    const checked = await checkFilesystem(kernel, node, (copy) => told.push(copy));
    expect(checked.sound).toBe(false);
    expect(checked.message).toContain(
      "at block 8193, where its copy belongs, lies that of another",
    );
    expect(calls).toEqual(["e2fsck -p /dev/vda1"]);
    expect(told).toEqual([]);
    expect(Buffer.compare(before, Buffer.from(kernel.blockContent(node)))).toBe(0);
  });

  test("of one group, beyond which another filesystem left a superblock, goes by its group and never by that", async () => {
    const own = superblock();
    own.writeUInt32LE(8000, 0x04);
    own.writeUInt32LE(ext4Checksum(own.subarray(0, checksumOffset)), checksumOffset);
    own.writeUInt32LE(1_700_000_000, 0x2c);
    const { kernel, calls } = machine(superblock().fill(7, 0x68, 0x78));
    const device = kernel.openBlockDevice(node, "write");
    device.write(superblockOffset, own);
    const seed = ext4Checksum(own.subarray(0x68, 0x78));
    const descriptor = Buffer.alloc(32);
    const checksum = ext4Checksum(descriptor, ext4Checksum(new Uint8Array(4), seed));
    descriptor.writeUInt16LE(checksum & 0xffff, 0x1e);
    device.write(descriptorsOffset(1024), descriptor);
    device.close();
    expect((await checkFilesystem(kernel, node)).sound).toBe(true);
    expect(calls).toEqual(["e2fsck -p /dev/vda1", "e2fsck -p /dev/vda1"]);
  });
});
