import { patienceMs } from "../patience.ts";

/** What a cable needs of the namespace that it ends in. */
export interface FarEnd {
  /** A line for frames.py. */
  write(line: string): void;
  /** Runs a program there. */
  far(argv: string[]): Promise<string>;
}

/** The test's end of a network card's cable. */
export class Cable {
  /** Frames that the machine has sent. */
  readonly frames: Buffer[] = [];
  readonly #listeners = new Set<(frame: Buffer) => void>();
  #opened: () => void = () => undefined;

  constructor(
    readonly name: string,
    private readonly end: FarEnd,
  ) {}

  /** Done when frames go both ways. */
  async open(): Promise<void> {
    // Its own kernel says nothing of itself there.
    const isOff = `/proc/sys/net/ipv6/conf/${this.name}/disable_ipv6`;
    await this.end.far(["sh", "-c", 'echo 1 >"$1"', "sh", isOff]);
    await this.plugIn();
    const opened = new Promise<void>((resolve) => {
      this.#opened = resolve;
    });
    this.end.write(`open ${this.name}`);
    await opened;
  }

  /** Takes the cable out at its far end: the machine sees no carrier. */
  async pull(): Promise<void> {
    await this.end.far(["ip", "link", "set", this.name, "down"]);
  }

  /** Gives the far end an address, for which its kernel answers, however busy the test is. */
  async inhabit(address: string): Promise<void> {
    await this.end.far(["ip", "addr", "add", address, "dev", this.name]);
  }

  async plugIn(): Promise<void> {
    await this.end.far(["ip", "link", "set", this.name, "up"]);
  }

  /** Takes the card itself out of the machine. */
  async unplugCard(): Promise<void> {
    await this.end.far(["ip", "link", "del", this.name]);
  }

  send(frame: Uint8Array): void {
    this.end.write(`${this.name} ${Buffer.from(frame).toString("hex")}`);
  }

  /** Calls `listener` for each frame from now on, until the function that it gives is called. */
  listen(listener: (frame: Buffer) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first frame, of those that came and those that come, of which `find` gives something. */
  async find<T>(what: string, find: (frame: Buffer) => T | undefined): Promise<T> {
    for (const frame of this.frames) {
      const found = find(frame);
      if (found !== undefined) {
        return found;
      }
    }
    return await this.next(what, find);
  }

  /** Waits for a frame that comes from now on and of which `find` gives something. */
  next<T>(what: string, find: (frame: Buffer) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.listen((frame) => {
        const found = find(frame);
        if (found !== undefined) {
          clearTimeout(timer);
          stop();
          resolve(found);
        }
      });
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`no ${what} on the cable of ${this.name}`));
      }, patienceMs / 4);
    });
  }

  /** frames.py hands frames on from now on. */
  opened(): void {
    this.#opened();
  }

  /** A frame of the machine's. */
  arrived(frame: Buffer): void {
    this.frames.push(frame);
    for (const listener of [...this.#listeners]) {
      listener(frame);
    }
  }
}
