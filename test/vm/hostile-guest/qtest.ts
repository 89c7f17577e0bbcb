import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Ports of the PC by which a device's settings are reached (PCI Local Bus 3.0, 3.2.2.3.2). */
const pciAddress = 0xcf8;
const pciData = 0xcfc;
const busSlots = 32;
/** A transitional virtio device's vendor, and its first port as we set it. */
const virtioVendor = 0x1af4;
const firstPort = 0xc000;
/** Registers of the legacy interface (virtio 1.2, 4.1.4.10). */
const register = { features: 4, queue: 8, queueSize: 12, queueSelect: 14, notify: 16, status: 18 };
/** Where in the guest's memory the queue and the messages lie. */
const queueAt = 0x10_0000;
const requestAt = 0x20_0000;
const answerAt = 0x40_0000;
/** What a message and its answer may take. */
export const messageMaxBytes = 0x10_0000;
const hasNext = 1;
const isWritable = 2;

/** A machine whose processor stands still: we are its guest, by QEMU's protocol for tests of devices (docs/devel/qtest). */
export class DeviceUnderTest {
  readonly #qemu: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #complaints: string[] = [];
  #queueSize = 0;
  #sent = 0;

  private constructor(words: readonly string[]) {
    const [program = "", ...args] = words;
    this.#qemu = spawn(program, args);
    this.#qemu.stderr.on("data", (chunk) => this.#complaints.push(String(chunk)));
    this.#qemu.stdin.on("error", (error) => this.#complaints.push(error.message));
    this.#lines = createInterface({ input: this.#qemu.stdout })[Symbol.asyncIterator]();
  }

  /** Starts QEMU with a device, and sets up the first queue of the one with that number. */
  static async start(
    before: readonly string[],
    device: readonly string[],
    pciId: number,
  ): Promise<DeviceUnderTest> {
    const machine = ["-machine", "pc", "-accel", "tcg", "-S", "-m", "64", "-display", "none"];
    const protocol = ["-nodefaults", "-qtest", "stdio", "-qtest-log", "/dev/null"];
    const words = [...before, "qemu-system-x86_64", ...machine, ...protocol, ...device];
    const started = new DeviceUnderTest(words);
    await started.#setUp(pciId);
    return started;
  }

  /** Ends QEMU. */
  async end(): Promise<void> {
    if (this.#qemu.exitCode === null && this.#qemu.signalCode === null) {
      this.#qemu.kill("SIGKILL");
      await once(this.#qemu, "exit");
    }
  }

  /** Puts a message into the queue, and gives what the device writes for it. */
  async exchange(message: Buffer): Promise<Buffer> {
    const answer = Buffer.alloc(16);
    answer.writeBigUInt64LE(BigInt(answerAt), 0);
    answer.writeUInt32LE(messageMaxBytes, 8);
    answer.writeUInt16LE(isWritable, 12);
    const request = Buffer.alloc(16);
    request.writeBigUInt64LE(BigInt(requestAt), 0);
    request.writeUInt32LE(message.length, 8);
    request.writeUInt16LE(hasNext, 12);
    request.writeUInt16LE(1, 14);
    await this.#write(requestAt, message);
    await this.#write(queueAt, Buffer.concat([request, answer]));
    // The ring of what is offered: its entries all are the first descriptor, 0.
    const offered = queueAt + 16 * this.#queueSize;
    this.#sent = (this.#sent + 1) & 0xffff;
    await this.#ask(`writew ${offered + 2} ${this.#sent}`);
    await this.#ask(`outw ${firstPort + register.notify} 0`);
    const used = this.#usedRing();
    while ((await this.#number(`readw ${used + 2}`)) !== this.#sent) {
      // Each question gives QEMU the time that it takes.
    }
    const head = await this.#read(answerAt, 4);
    return this.#read(answerAt, Math.min(head.readUInt32LE(0), messageMaxBytes));
  }

  /** The ring of what is done lies on the next page after the one of what is offered. */
  #usedRing(): number {
    const page = 4096;
    return queueAt + Math.ceil((18 * this.#queueSize + 6) / page) * page;
  }

  async #setUp(pciId: number): Promise<void> {
    const slot = await this.#find(pciId);
    await this.#setting(slot, 0x10);
    await this.#ask(`outl ${pciData} ${firstPort}`);
    await this.#setting(slot, 0x04);
    // It answers on its ports, and reads and writes the memory.
    await this.#ask(`outw ${pciData} 5`);
    await this.#ask(`outb ${firstPort + register.status} 1`);
    await this.#ask(`outb ${firstPort + register.status} 3`);
    await this.#ask(`outl ${firstPort + register.features} 0`);
    await this.#ask(`outw ${firstPort + register.queueSelect} 0`);
    this.#queueSize = await this.#number(`inw ${firstPort + register.queueSize}`);
    await this.#ask(`outl ${firstPort + register.queue} ${queueAt / 4096}`);
    await this.#ask(`outb ${firstPort + register.status} 7`);
  }

  async #find(pciId: number): Promise<number> {
    for (let slot = 0; slot < busSlots; slot += 1) {
      await this.#setting(slot, 0);
      if ((await this.#number(`inl ${pciData}`)) === pciId * 0x1_0000 + virtioVendor) {
        return slot;
      }
    }
    throw new Error(`QEMU has no such device: ${this.#complaints.join("")}`);
  }

  #setting(slot: number, offset: number): Promise<string> {
    return this.#ask(`outl ${pciAddress} ${0x8000_0000 + slot * 0x800 + offset}`);
  }

  async #read(address: number, bytes: number): Promise<Buffer> {
    return Buffer.from((await this.#ask(`read ${address} ${bytes}`)).slice(2), "hex");
  }

  #write(address: number, bytes: Buffer): Promise<string> {
    return this.#ask(`write ${address} ${bytes.length} 0x${bytes.toString("hex")}`);
  }

  async #number(question: string): Promise<number> {
    return Number(await this.#ask(question));
  }

  async #ask(question: string): Promise<string> {
    this.#qemu.stdin.write(`${question}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) {
      throw new Error(`QEMU ended at "${question.slice(0, 80)}": ${this.#complaints.join("")}`);
    }
    const [word, answer = ""] = value.split(" ");
    if (word !== "OK") {
      throw new Error(`QEMU says "${value}" to "${question.slice(0, 80)}"`);
    }
    return answer;
  }
}
