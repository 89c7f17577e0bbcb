import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { flushLogs } from "./flush-logs.ts";
import { keepLogs } from "./keep-logs.ts";
import { newMessages } from "./kernel-log.ts";
import { ramLogBytes, rotate } from "./rotate.ts";

const sshd = "/var/log/sshd.log";
const onDisk = "/var/lib/boot2podman/log";

function system(withDisk = true): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/run/boot2podman": null,
    "/var/lib/boot2podman": null,
    "/boot.log": "root: ok\n",
    [sshd]: "one\n",
  });
  kernel.messages = "<6>[    0.000000] Linux\n<5>[    1.500000] boot2podman: root\n";
  if (withDisk) {
    kernel.mount({ source: "/dev/vda1", target: "/var/lib/boot2podman", type: "ext4" });
  }
  return kernel;
}

describe("the kernel's log", () => {
  test.each([
    ["nothing is known", -1, "[    0.000000] a\n[   12.345678] b\nmore of b\n", 12_345_678],
    ["the first line is known", 0, "[   12.345678] b\nmore of b\n", 12_345_678],
    ["all is known", 12_345_678, "", 12_345_678],
  ])("gives what is new when %s", (_, lastUs, text, expectedUs) => {
    const log = "<6>[    0.000000] a\n<4>[   12.345678] b\nmore of b\n";
    expect(newMessages(log, lastUs)).toEqual({ text, lastUs: expectedUs });
  });
});

describe("rotate", () => {
  test("keeps a log that has grown as the one before, in at most the size allowed, and starts anew", () => {
    const kernel = system().lay({ [sshd]: `${"x".repeat(20)}end` });
    expect(rotate(kernel, sshd, 10)).toBe(true);
    expect(kernel.readText(sshd)).toBe("");
    expect(kernel.readText(`${sshd}.1`)).toBe(`${"x".repeat(7)}end`);
  });

  test("leaves short ones and links alone", () => {
    const kernel = system().lay({ "/etc/shadow": "x".repeat(100) });
    kernel.symlink("/etc/shadow", "/var/log/link.log");
    expect(rotate(kernel, sshd, 10)).toBe(false);
    expect(rotate(kernel, "/var/log/link.log", 10)).toBe(false);
    expect(kernel.readText("/etc/shadow")).toHaveLength(100);
  });
});

describe("flushLogs", () => {
  test("takes to the disk what is new, each line once, though another process goes on", () => {
    const kernel = system();
    expect(flushLogs(kernel)).toEqual([]);
    kernel.append(sshd, "two\n");
    kernel.messages += "<3>[    9.000000] I/O error\n";
    expect(flushLogs(kernel)).toEqual([]);
    expect(kernel.readText(`${onDisk}/sshd.log`)).toBe("one\ntwo\n");
    expect(kernel.readText(`${onDisk}/boot.log`)).toBe("root: ok\n");
    expect(kernel.stat(`${onDisk}/kernel.log`)?.mode).toBe(0o600);
    expect(kernel.readText(`${onDisk}/kernel.log`)).toMatch(
      /^=== 2023-\S+ boot2podman \S+\n\[ {4}0\.000000\] Linux\n\[ {4}1\.500000\] boot2podman: root\n\[ {4}9\.000000\] I\/O error\n$/,
    );
  });

  test("goes on with a log that was cut meanwhile", () => {
    const kernel = system();
    flushLogs(kernel);
    kernel.append(sshd, "x".repeat(ramLogBytes));
    flushLogs(kernel);
    expect(kernel.readText(sshd)).toBe("");
    kernel.append(sshd, "new\n");
    flushLogs(kernel);
    expect(kernel.readText(`${onDisk}/sshd.log`)).toMatch(/xnew\n$/);
  });

  test("without a data disk only cuts what is too long", () => {
    const kernel = system(false).lay({ [sshd]: "x".repeat(ramLogBytes + 1) });
    expect(flushLogs(kernel)).toEqual([]);
    expect(kernel.exists(onDisk)).toBe(false);
    expect(kernel.stat(`${sshd}.1`)?.sizeBytes).toBe(ramLogBytes);
  });

  test("follows no link that lies in a log's place, and takes the other logs all the same", () => {
    const kernel = system().lay({ [onDisk]: null, "/etc/shadow": "secret" });
    kernel.symlink("/etc/shadow", `${onDisk}/sshd.log`);
    expect(flushLogs(kernel)).toEqual([`logs: ${onDisk}/sshd.log is not a file`]);
    expect(kernel.readText("/etc/shadow")).toBe("secret");
    expect(kernel.readText(`${onDisk}/boot.log`)).toBe("root: ok\n");
  });

  test("begins anew when nobody knows any more how far it was", () => {
    const kernel = system().lay({ "/run/boot2podman/log-progress": '{"copied":{"/b' });
    expect(flushLogs(kernel)).toEqual([]);
    expect(kernel.readText(`${onDisk}/sshd.log`)).toBe("one\n");
  });

  test("goes on when the disk is full, and tries again the next time", () => {
    const kernel = system();
    kernel.failOn("append", `${onDisk}/sshd.log`, "ENOSPC", 1);
    expect(flushLogs(kernel)).toEqual([expect.stringContaining("ENOSPC")]);
    expect(flushLogs(kernel)).toEqual([]);
    expect(kernel.readText(`${onDisk}/sshd.log`)).toBe("one\n");
  });
});

describe("keepLogs", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("looks when something was written and has settled, and says once what fails", async () => {
    const kernel = system();
    keepLogs(kernel);
    await vi.advanceTimersByTimeAsync(5_000);
    kernel.failOn("append", `${onDisk}/sshd.log`, "EROFS");
    for (const line of ["two\n", "three\n"]) {
      kernel.append(sshd, line);
      kernel.emitChange("/var/log");
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(kernel.kernelLog).toEqual([expect.stringContaining("EROFS")]);
    vi.clearAllTimers();
  });
});
