import { describe, expect, test } from "vitest";
import { mebibyte, tebibyte } from "../../units/bytes.ts";
import type { Content, Ext4 } from "../content/content.ts";
import type { Disk, Partition } from "../disk/disk.ts";
import type { Filesystem } from "../disk/filesystems.ts";
import { growthOf } from "./growth.ts";
import { data, disk, partition, table } from "./made-disks.testing.ts";

const ext4 = (sizeBytes: number): Ext4 => ({
  label: "boot2podman-data",
  uuid: "u",
  sizeBytes,
  blockBytes: 4096,
  everMounted: true,
  lastMountedMs: 0,
  needsFullCheck: false,
  holdsSystem: undefined,
});

interface Made {
  diskBytes: number;
  partitionBytes: number;
  filesystemBytes?: number;
  type?: "dos" | "gpt";
  startBytes?: number;
  behind?: boolean;
  readOnly?: boolean;
  content?: Content;
}

function filesystem(made: Made): Filesystem {
  const startBytes = made.startBytes ?? mebibyte;
  const mine: Partition = partition("sda1", data, { startBytes, sizeBytes: made.partitionBytes });
  const last = partition("sda2", data, {
    startBytes: startBytes + made.partitionBytes,
    sizeBytes: mebibyte,
  });
  const partitions = made.behind === true ? [mine, last] : [mine];
  const typeCode = made.type === "gpt" ? "0fc63daf-8483-4772-8e79-3d69d8477de4" : "83";
  const entries = partitions.map(({ number, startBytes: start, sizeBytes }) => ({
    number,
    startBytes: start,
    sizeBytes,
    typeCode,
  }));
  const content = made.content ?? table(made.type ?? "dos", ...entries);
  const whole: Disk = disk("sda", { sizeBytes: made.diskBytes, content, partitions });
  return {
    disk: whole,
    partition: mine,
    name: "sda1",
    ext4: ext4(made.filesystemBytes ?? made.partitionBytes),
    readOnly: made.readOnly ?? false,
    inUse: undefined,
  };
}

describe("a data filesystem", () => {
  test("stays on a disk that wasn't enlarged", () => {
    const found = filesystem({ diskBytes: 100 * mebibyte, partitionBytes: 99 * mebibyte });
    expect(growthOf(found)).toEqual({ partitionBytes: undefined, filesystem: false });
  });

  test("grows with its partition to the end of an enlarged disk", () => {
    const found = filesystem({ diskBytes: 200 * mebibyte + 4608, partitionBytes: 99 * mebibyte });
    expect(growthOf(found)).toEqual({ partitionBytes: 199 * mebibyte, filesystem: true });
  });

  test("follows a partition that grew on an earlier boot", () => {
    const found = filesystem({
      diskBytes: 200 * mebibyte,
      partitionBytes: 199 * mebibyte,
      filesystemBytes: 99 * mebibyte,
    });
    expect(growthOf(found)).toEqual({ partitionBytes: undefined, filesystem: true });
  });

  test("on a whole disk grows with it", () => {
    const found = filesystem({ diskBytes: 200 * mebibyte, partitionBytes: 99 * mebibyte });
    expect(growthOf({ ...found, partition: undefined })).toEqual({
      partitionBytes: undefined,
      filesystem: true,
    });
  });

  test("grows in a GPT of ours", () => {
    const found = filesystem({
      diskBytes: 4 * tebibyte,
      partitionBytes: 3 * tebibyte,
      startBytes: 2 * mebibyte,
      type: "gpt",
    });
    expect(growthOf(found)).toEqual({
      partitionBytes: 4 * tebibyte - 3 * mebibyte,
      filesystem: true,
    });
  });

  test.each<[string, Partial<Made>]>([
    ["another partition lies behind it", { behind: true }],
    ["it can only be read", { readOnly: true }],
    ["the disk has a GPT of others", { type: "gpt" }],
    [
      "the table can't be trusted",
      { content: { is: "foreign", types: ["damaged GPT"], label: undefined } },
    ],
    ["the table and the kernel don't agree", { content: table("dos") }],
    ["less than 16 MiB would be won", { diskBytes: 115 * mebibyte }],
  ])("doesn't grow when %s", (_, made) => {
    const found = filesystem({ diskBytes: 200 * mebibyte, partitionBytes: 99 * mebibyte, ...made });
    expect(growthOf(found).partitionBytes).toBeUndefined();
  });

  test("in a DOS table grows to 2 TiB at most", () => {
    const found = filesystem({ diskBytes: 3 * tebibyte, partitionBytes: tebibyte });
    expect(growthOf(found).partitionBytes).toBe(2 * tebibyte - 2 * mebibyte);
  });
});
