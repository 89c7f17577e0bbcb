import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runProgram } from "../../program/run.ts";
import { filesIn } from "../../store/machine-files.ts";
import { diskArguments } from "./disk-device.ts";
import { resume } from "./resume.ts";
import { decideState, lookAtQemu } from "./state.ts";

const isRoot = process.getuid?.() === 0;
const timeout = { timeoutMs: 60_000 };
const diskMib = 24;
const sectorsPerCluster = 128;

/**
 * A boot sector that writes a sector into each cluster of the first disk, again and again until all are written, then
 * ends QEMU (isa-debug-exit).
 */
function writer(): Buffer {
  const sector = Buffer.alloc(512);
  const lastSector = Buffer.alloc(4);
  lastSector.writeUInt32LE((diskMib - 1) * 2048);
  // xor ax,ax; mov ds,ax; mov ss,ax; mov sp,0x7c00
  const start = [0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c];
  // mov si,0x7c40; mov ax,0x4300; mov dl,0x80; int 0x13; jc to the first of these
  const write = [0xbe, 0x40, 0x7c, 0xb8, 0x00, 0x43, 0xb2, 0x80, 0xcd, 0x13, 0x72, 0xf4];
  // add dword [0x7c48],128; cmp dword [0x7c48],lastSector; jb to the write
  const next = [0x66, 0x81, 0x06, 0x48, 0x7c, sectorsPerCluster, 0, 0, 0];
  const again = [0x66, 0x81, 0x3e, 0x48, 0x7c, ...lastSector, 0x72, 0xe0];
  // mov al,0x10; out 0xf4,al; hlt; jmp to the hlt
  const end = [0xb0, 0x10, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd];
  Buffer.from([...start, ...write, ...next, ...again, ...end]).copy(sector);
  // The address packet of int 0x13, function 0x43: one sector from 0:0x7c00.
  Buffer.from([0x10, 0, 1, 0, 0x00, 0x7c, 0, 0, sectorsPerCluster]).copy(sector, 0x40);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

describe.runIf(isRoot && process.arch === "x64")("a real QEMU on a disk that is too small", () => {
  let folder: string;
  let qemu: ChildProcess;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "b2p-full-"));
    await run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder);
  });
  afterEach(async () => {
    if (qemu.exitCode === null && qemu.signalCode === null) {
      const ended = once(qemu, "exit");
      qemu.kill("SIGKILL");
      await ended;
    }
    await run("umount", folder);
    await rm(folder, { recursive: true });
  });

  async function run(program: string, ...words: string[]): Promise<void> {
    const { exitCode, stderr } = await runProgram(program, words, timeout);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
  }

  test("is held by name of the folder, refused while it is full, and goes on when there is room", async () => {
    const files = filesIn(folder);
    const place = { name: "box", files };
    const raw = join(folder, "raw");
    await writeFile(raw, writer());
    await run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, files.disk);
    await run("qemu-img", "resize", "-q", files.disk, `${diskMib}M`);
    qemu = spawn(
      "qemu-system-x86_64",
      [
        ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-m", "32"],
        ...diskArguments({ path: files.disk, cacheMode: "default", ioMode: "threads" }),
        ...["-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
        ...["-qmp", `unix:${files.monitor},server=on,wait=off`, "-pidfile", files.pid],
      ],
      { stdio: "ignore" },
    );
    const ended = once(qemu, "exit");
    const observe = async () => decideState(place, await lookAtQemu(files, timeout.timeoutMs));
    await expect
      .poll(async () => (await observe()).error)
      .toContain(`there is no room in ${folder} for what it writes`);
    expect(await observe()).toMatchObject({ state: "Error", canGoOn: true });
    await expect(resume(place)).rejects.toThrow(`"box" can't go on: the guest is held`);

    // Some room, which the guest fills at once: it is held anew, and that is said.
    await run("mount", "-o", "remount,size=8m", folder);
    await expect(resume(place)).rejects.toThrow("there is no room");
    await run("mount", "-o", "remount,size=64m", folder);
    await resume(place);
    expect(await ended).toEqual([(0x10 << 1) | 1, null]);
    const last = await open(files.disk);
    expect((await last.stat()).size).toBeGreaterThan(20 * 2 ** 20);
    await last.close();
  });
});
