import { describe, expect, test } from "vitest";
import { mebibyte } from "../../units/bytes.ts";
import { clientArchive } from "../archive/made-archives.testing.ts";
import { dosTableBytes, dosTableOffset } from "../content/dos-table.ts";
import {
  boot,
  deviceWrites,
  key,
  keyPath,
  machine,
  newMachine,
  platter,
} from "./machines.testing.ts";
import { Platter } from "./platter.testing.ts";

describe("what is left alone, byte for byte:", () => {
  const foreign: [string, (disk: Platter) => void][] = [
    ["a filesystem behind the magic", (disk) => disk.write(mebibyte, Buffer.from("XFSB"))],
    [
      "RAID at the end, behind the magic",
      (disk) => disk.write(256 * mebibyte - 8192, Buffer.from("fc4e2ba9", "hex")),
    ],
    [
      "a table that isn't ours, behind the magic",
      (disk) => {
        const partition = { type: 7, startSector: 4096, sectors: 8192 };
        disk.write(dosTableOffset, dosTableBytes(1, partition));
      },
    ],
  ];
  test.each(foreign)("%s", async (_, write) => {
    const disk = platter(clientArchive(key));
    write(disk);
    disk.flush();
    const { kernel, result, message } = await boot(machine(disk));
    expect(result).toBe("skipped");
    expect(message).toMatch(/refused, not written/);
    expect(deviceWrites(kernel)).toEqual([]);
    expect(kernel.consoleLines.join("\n")).toContain("refused, not written");
    expect(kernel.readText(keyPath)).toBe(key);
  });

  test("a disk that the second probe can't read (accident 4)", async () => {
    const { kernel, message } = await boot(newMachine(), {
      prepare: (made) => made.onRun("blkid", { exitCode: 8 }),
    });
    expect(message).toContain("contradictory signatures");
    expect(deviceWrites(kernel)).toEqual([]);
  });

  test("a disk that can't be read (accident 4)", async () => {
    const { kernel, message } = await boot(newMachine(), {
      automount: { format: "blank" },
      prepare: (made) => made.failOn("readBlock", "/dev/vda", "EIO"),
    });
    expect(message).toContain("EIO");
    expect(deviceWrites(kernel)).toEqual([]);
  });

  test("a second disk beside the one that is set up", async () => {
    const other = platter(Buffer.from("XFSB".padEnd(2048, "x")));
    const { kernel, result } = await boot(machine(platter(clientArchive(key)), other));
    expect(result).toBe("ok");
    expect(deviceWrites(kernel).filter((line) => line.includes("vdb"))).toEqual([]);
  });

  test("a blank disk, without leave", async () => {
    const { kernel, result, message } = await boot(machine(new Platter(256 * mebibyte)));
    expect(result).toBe("skipped");
    expect(message).toContain("boot2podman.format=blank");
    expect(deviceWrites(kernel)).toEqual([]);
  });
});
