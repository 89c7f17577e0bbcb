import { expect, test } from "vitest";
import type { Device } from "../../kernel/devices.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { findShares } from "../shares/find-shares.ts";
import { listVirtualBoxShares } from "./list-shares.ts";

const CONNECT = 0xc09c5604;
const DISCONNECT = 0xc01c5605;
const call = (parameters: number) => (0xc0005607 | ((40 + parameters * 16) << 16)) >>> 0;
const refused = -2;

/** VirtualBox's guest device with a host behind it that has these shares, as its headers describe them. */
class FakeVirtualBox implements Device {
  readonly memory = new Map<bigint, Uint8Array>();
  readonly requests: number[] = [];
  services = ["VBoxSharedFolders"];
  isClosed = false;

  constructor(readonly shares: Readonly<Record<number, string>>) {}

  ioctl(request: number, argument: Uint8Array): void {
    const view = Buffer.from(argument.buffer, argument.byteOffset, argument.length);
    this.requests.push(request);
    expect([view.readUInt32LE(0), view.readUInt32LE(4), view.readUInt32LE(16)]).toEqual([
      view.length,
      0x10001,
      view.length,
    ]);
    if (request === CONNECT) {
      expect(view.readUInt32LE(24)).toBe(2);
      const name = view.toString("latin1", 28).replace(/\0+$/, "");
      if (this.services.includes(name)) {
        view.writeUInt32LE(7, 24);
      } else {
        view.writeInt32LE(refused, 12);
      }
    } else if (request === DISCONNECT) {
      expect(view.readUInt32LE(24)).toBe(7);
    } else if (request === call(3)) {
      this.#list(view);
    } else if (request === call(2)) {
      this.#name(view);
    } else {
      throw new Error(`unknown request ${request.toString(16)}`);
    }
  }

  #list(view: Buffer): void {
    expect([view.readUInt32LE(24), view.readUInt32LE(28), view.readUInt16LE(38)]).toEqual([
      7, 1, 3,
    ]);
    expect([view.readUInt32LE(40), view.readUInt32LE(44)]).toEqual([1, 0x10]);
    const list = this.#pointedAt(view, 72);
    const roots = Object.keys(this.shares).map(Number);
    for (const [index, root] of roots.entries()) {
      list.writeUInt32LE(1, index * 8);
      list.writeUInt32LE(root, index * 8 + 4);
    }
    view.writeUInt32LE(roots.length, 60);
  }

  #name(view: Buffer): void {
    expect([view.readUInt32LE(24), view.readUInt32LE(28), view.readUInt16LE(38)]).toEqual([
      7, 2, 2,
    ]);
    const name = this.shares[view.readUInt32LE(44)] ?? "";
    const text = this.#pointedAt(view, 56);
    expect(text.readUInt16LE(0)).toBe(text.length - 4);
    text.writeUInt16LE(name.length * 2, 2);
    text.write(`${name}\0`, 4, "utf16le");
  }

  #pointedAt(view: Buffer, at: number): Buffer {
    expect(view.readUInt32LE(at)).toBe(4);
    const memory = this.memory.get(view.readBigUInt64LE(at + 8));
    if (memory?.length !== view.readUInt32LE(at + 4)) {
      throw new Error("no memory of that size there");
    }
    return Buffer.from(memory.buffer, memory.byteOffset, memory.length);
  }

  addressOf(buffer: Uint8Array): bigint {
    const address = 0x7f00_0000_0000n + BigInt(this.memory.size) * 4096n;
    this.memory.set(address, buffer);
    return address;
  }

  write(): void {
    throw new Error("not asked for");
  }
  read(): Uint8Array {
    return new Uint8Array();
  }
  close(): void {
    this.isClosed = true;
  }
}

test("names the automatic shares, in whatever letters", () => {
  const device = new FakeVirtualBox({ 3: "c/Users", 9: "größe", 11: "hosthome" });
  const kernel = new FakeKernel();
  kernel.devices.set("/dev/vboxguest", device);
  expect(listVirtualBoxShares(kernel)).toEqual(["c/Users", "größe", "hosthome"]);
  expect(device.requests.at(-1)).toBe(DISCONNECT);
  expect(device.isClosed).toBe(true);
});

test("says when the host refuses, and closes the device", () => {
  const device = new FakeVirtualBox({});
  device.services = [];
  const kernel = new FakeKernel();
  kernel.devices.set("/dev/vboxguest", device);
  expect(() => listVirtualBoxShares(kernel)).toThrow(
    "VirtualBox's host refused to connect to VBoxSharedFolders (VBox status -2)",
  );
  expect(device.isClosed).toBe(true);
});

test("shares are looked for where the device is, and only there", async () => {
  const kernel = new FakeKernel();
  expect(await findShares(kernel)).toEqual([]);
  kernel.lay({ "/dev/vboxguest": "" });
  kernel.devices.set("/dev/vboxguest", new FakeVirtualBox({ 1: "Users" }));
  expect(await findShares(kernel)).toEqual([{ kind: "vboxsf", name: "Users" }]);
});
