import type { Clocks } from "./clocks.ts";
import type { Device, Devices } from "./devices.ts";
import type { Subscription } from "./events.ts";
import { FakeFiles } from "./fake-files.testing.ts";
import { KernelError } from "./kernel-error.ts";
import type { InterfaceAddress } from "./machine.ts";
import type { DatagramReply, DatagramRequest, Network, NetworkListener } from "./network.ts";

/** Clocks and networks in memory, with other machines that answer as the test says. */
export class FakeSurroundings extends FakeFiles implements Clocks, Network, Devices {
  /** Milliseconds since the kernel started; the test moves it. */
  clockMs = 1000;
  /** Processor time used so far. */
  cpuMs = 0;
  /** What the system's clock is ahead of the right time. */
  clockErrorMs = 0;
  /** Corrections of the clock, in order. */
  readonly corrections: { how: "step" | "slew"; byMs: number }[] = [];
  /** Addresses by name, and what answers at an address. */
  readonly hosts = new Map<string, string[]>();
  readonly servers = new Map<string, (request: DatagramRequest) => Uint8Array>();
  /** Clock devices: how far each is ahead of the right time, in milliseconds. */
  readonly clockDevices = new Map<string, number>();
  /** Character devices by path. */
  readonly devices = new Map<string, Device>();
  /** Addresses of this machine. */
  readonly addresses: InterfaceAddress[] = [];
  readonly #listeners = new Set<NetworkListener>();

  /** The right Unix time. */
  trueMs(): number {
    return 1_700_000_000_000 + this.clockMs;
  }

  nowMs(): number {
    return this.trueMs() + this.clockErrorMs;
  }

  stepTime(byMs: number): void {
    this.change("stepTime", "the clock", String(byMs));
    this.clockErrorMs += byMs;
    this.corrections.push({ how: "step", byMs });
  }

  slewTime(byMs: number, timeConstant: number): void {
    this.change("slewTime", "the clock", String(byMs), String(timeConstant));
    this.corrections.push({ how: "slew", byMs });
  }

  hardwareClockIsLocal(minutesEast: number): void {
    this.change("hardwareClockIsLocal", "the clock", String(minutesEast));
    this.clockErrorMs -= minutesEast * 60_000;
  }

  readClockDevice(path: string): number {
    this.enter("readClockDevice", path);
    const aheadMs = this.clockDevices.get(path);
    if (aheadMs === undefined) {
      throw new KernelError("readClockDevice", path, "ENOENT");
    }
    return this.trueMs() + aheadMs;
  }

  async lookUp(name: string): Promise<string[]> {
    const addresses = this.hosts.get(name);
    if (addresses === undefined) {
      throw new KernelError("lookUp", name, "ENOTFOUND");
    }
    return addresses;
  }

  async exchange(request: DatagramRequest): Promise<DatagramReply> {
    const server = this.servers.get(request.address);
    if (server === undefined) {
      throw new KernelError("exchange", request.address, "ETIMEDOUT");
    }
    const sentMs = this.nowMs();
    return { payload: server(request), sentMs, receivedMs: this.nowMs() };
  }

  openDevice(path: string): Device {
    this.enter("openDevice", path);
    const device = this.devices.get(path);
    if (device === undefined) {
      throw new KernelError("openDevice", path, "ENOENT");
    }
    return device;
  }

  interfaceAddresses(): InterfaceAddress[] {
    return [...this.addresses];
  }

  networkEvents(listener: NetworkListener): Subscription {
    this.#listeners.add(listener);
    return { close: () => this.#listeners.delete(listener) };
  }

  /** Tells all who listen to the network. */
  emitNetwork(tell: (listener: NetworkListener) => void): void {
    for (const listener of [...this.#listeners]) {
      tell(listener);
    }
  }
}
