import { describe, expect, test, vi } from "vitest";
import type { Device } from "../../kernel/devices.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { reportToXen } from "./report.ts";
import { writeXenStore } from "./xenstore.ts";

/** XenStore behind its device, as its wire protocol says. */
class FakeXenStore implements Device {
  readonly written: string[] = [];
  readonly forbidden = new Map<string, string>();
  isClosed = false;
  #answer = Buffer.alloc(0);

  write(content: Uint8Array): void {
    const request = Buffer.from(content);
    expect(request.readUInt32LE(0)).toBe(11);
    expect(request.readUInt32LE(8)).toBe(0);
    expect(request.readUInt32LE(12)).toBe(request.length - 16);
    const [path = "", value] = request.toString("utf8", 16).split("\0");
    const refusal = this.forbidden.get(path);
    if (refusal === undefined) {
      this.written.push(`${path}=${value}`);
    }
    const payload = Buffer.from(`${refusal ?? "OK"}\0`);
    const head = Buffer.alloc(16);
    head.writeUInt32LE(refusal === undefined ? 11 : 16, 0);
    head.writeUInt32LE(request.readUInt32LE(4), 4);
    head.writeUInt32LE(payload.length, 12);
    this.#answer = Buffer.concat([this.#answer, head, payload]);
  }

  read(lengthBytes: number): Uint8Array {
    const part = this.#answer.subarray(0, lengthBytes);
    this.#answer = this.#answer.subarray(lengthBytes);
    return part;
  }

  ioctl(): void {
    throw new Error("not asked for");
  }
  addressOf(): bigint {
    return 0n;
  }
  close(): void {
    this.isClosed = true;
  }
}

function domain(): { kernel: FakeKernel; store: FakeXenStore } {
  const kernel = new FakeKernel().lay({
    "/sys/class/net/eth0/device/nodename": "device/vif/0\n",
    "/sys/class/net/lo": null,
    "/proc/meminfo": "MemTotal:        1000 kB\nMemAvailable:     600 kB\n",
    "/proc/sys/kernel/osrelease": "6.12.0\n",
  });
  const store = new FakeXenStore();
  kernel.devices.set("/dev/xen/xenbus", store);
  return { kernel, store };
}

describe("what Xen's host reads about a guest", () => {
  test("has the system, the tools' version, memory and each interface's addresses, the mark last", () => {
    vi.useFakeTimers();
    try {
      const { kernel, store } = domain();
      kernel.addresses.push(
        { name: "eth0", family: "ipv4", address: "192.0.2.7" },
        { name: "eth0", family: "ipv6", address: "2001:db8::7" },
        { name: "lo", family: "ipv4", address: "127.0.0.1" },
      );
      reportToXen(kernel);
      expect(store.written).toContain("attr/PVAddons/Installed=1");
      expect(store.written).toContain("data/os_distro=boot2podman");
      expect(store.written).toContain("data/meminfo_free=600");
      expect(store.written).toContain("attr/vif/0/ipv4/0=192.0.2.7");
      expect(store.written).toContain("attr/vif/0/ipv6/0=2001:db8::7");
      expect(store.written.join()).not.toContain("127.0.0.1");
      expect(store.written.at(-1)).toMatch(/^data\/updated=\d+$/);
      expect(store.isClosed).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  test("is told again soon while there is no address, then each minute", async () => {
    vi.useFakeTimers();
    try {
      const { kernel, store } = domain();
      const reports = () => store.written.filter((line) => line.startsWith("data/updated")).length;
      reportToXen(kernel);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(reports()).toBe(2);
      kernel.addresses.push({ name: "eth0", family: "ipv4", address: "192.0.2.7" });
      await vi.advanceTimersByTimeAsync(5_000 + 59_000);
      expect(reports()).toBe(3);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(reports()).toBe(4);
    } finally {
      vi.useRealTimers();
    }
  });

  test("leaves out what the host doesn't let it say", () => {
    const { kernel, store } = domain();
    store.forbidden.set("a", "EACCES");
    writeXenStore(
      kernel,
      new Map([
        ["a", "1"],
        ["b", "2"],
      ]),
    );
    expect(store.written).toEqual(["b=2"]);
  });

  test("says what else the store refused", () => {
    const { kernel, store } = domain();
    store.forbidden.set("a", "ENOSPC");
    expect(() => writeXenStore(kernel, new Map([["a", "1"]]))).toThrow(
      "XenStore refused a: ENOSPC",
    );
    expect(store.isClosed).toBe(true);
  });

  test("is a line in the kernel's log when it can't be said, and another one only when the reason changes", async () => {
    vi.useFakeTimers();
    try {
      const { kernel, store } = domain();
      kernel.addresses.push({ name: "eth0", family: "ipv4", address: "192.0.2.7" });
      kernel.devices.clear();
      reportToXen(kernel);
      await vi.advanceTimersByTimeAsync(180_000);
      const absent = "XenStore: openDevice /dev/xen/xenbus: ENOENT";
      expect(kernel.kernelLog).toEqual([absent]);
      kernel.devices.set("/dev/xen/xenbus", store);
      store.forbidden.set("data/host_name", "ENOSPC");
      await vi.advanceTimersByTimeAsync(180_000);
      const full = "XenStore refused data/host_name: ENOSPC";
      expect(kernel.kernelLog).toEqual([absent, `XenStore: ${full}`]);
      store.forbidden.clear();
      await vi.advanceTimersByTimeAsync(60_000);
      kernel.devices.clear();
      await vi.advanceTimersByTimeAsync(180_000);
      expect(kernel.kernelLog).toEqual([absent, `XenStore: ${full}`, absent]);
    } finally {
      vi.useRealTimers();
    }
  });
});
