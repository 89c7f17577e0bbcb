import { connect, type Socket } from "node:net";
import { systemErrorCode } from "../../../system-error.ts";
import { MachineError } from "../../error/machine-error.ts";
import { QmpDecoder, type QmpMessage } from "./qmp-message.ts";

/** A connection to the monitor of a running QEMU. QEMU serves one at a time: keep it short. */
export interface QmpConnection {
  /** Runs a command and returns what it returned. Throws when QEMU refuses, ends or stays silent. */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Waits for an event that comes from now on. */
  event(name: string, isMeant: (data: unknown) => boolean): Promise<void>;
  close(): void;
}

/** QEMU understood a command, and didn't do it. */
export class RefusedError extends MachineError {}

/** Why a monitor can't be talked to. */
export class MonitorError extends MachineError {
  constructor(
    /** Nobody listens, or only to another user, or somebody does and says nothing in time. */
    readonly kind: "refused" | "denied" | "silent" | "closed",
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Connects to a QMP socket and leaves its negotiation mode. Every wait ends after `timeoutMs`. */
export async function connectQmp(path: string, timeoutMs: number): Promise<QmpConnection> {
  const socket = connect(path);
  const session = new Session(socket, path, timeoutMs);
  try {
    await session.greeted();
    await session.execute("qmp_capabilities");
  } catch (error) {
    session.close();
    throw error;
  }
  return session;
}

/** The name under which the greeting is waited for; commands have numbers. */
const greeting = "greeting";

class Session implements QmpConnection {
  readonly #waiting = new Map<string, Waiting>();
  readonly #events = new Map<string, (name: string, data: unknown) => boolean>();
  readonly #decoder = new QmpDecoder();
  readonly #socket: Socket;
  readonly #path: string;
  readonly #timeoutMs: number;
  #lastId = 0;
  #ended: Error | undefined;

  constructor(socket: Socket, path: string, timeoutMs: number) {
    this.#socket = socket;
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error) => {
      const isDenied = ["EACCES", "EPERM"].includes(systemErrorCode(error) ?? "");
      this.#end(this.#failure(isDenied ? "denied" : "refused", error));
    });
    socket.on("close", () => this.#end(this.#failure("closed")));
  }

  greeted(): Promise<unknown> {
    return this.#wait(greeting);
  }

  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.#lastId += 1;
    const id = String(this.#lastId);
    const answer = this.#wait(id);
    this.#socket.write(
      `${JSON.stringify({ execute: command, ...(args && { arguments: args }), id })}\n`,
    );
    return answer;
  }

  async event(name: string, isMeant: (data: unknown) => boolean): Promise<void> {
    this.#lastId += 1;
    const id = `event ${this.#lastId}`;
    this.#events.set(id, (found, data) => found === name && isMeant(data));
    try {
      await this.#wait(id);
    } finally {
      this.#events.delete(id);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #wait(id: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const deadline = setTimeout(() => {
        this.#waiting.delete(id);
        reject(this.#failure("silent"));
      }, this.#timeoutMs);
      this.#waiting.set(id, {
        resolve: (value) => {
          clearTimeout(deadline);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(deadline);
          reject(error);
        },
      });
    });
  }

  #read(chunk: Buffer): void {
    try {
      for (const message of this.#decoder.push(chunk)) {
        this.#deliver(message);
      }
    } catch (error) {
      this.#end(error instanceof Error ? error : this.#failure("closed", error));
      this.close();
    }
  }

  /** Events may come at any time, between a command and its reply too: replies go by their id. */
  #deliver(message: QmpMessage): void {
    if (message.kind === "event") {
      for (const [id, isMeant] of this.#events) {
        if (isMeant(message.name, message.data)) {
          this.#waiting.get(id)?.resolve(undefined);
          this.#waiting.delete(id);
        }
      }
      return;
    }
    const id = message.kind === "greeting" ? greeting : (message.id ?? "");
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (message.kind === "refusal") {
      waiting?.reject(new RefusedError(`QEMU refused: ${message.description}`));
    } else {
      waiting?.resolve(message.kind === "reply" ? message.value : undefined);
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) {
      waiting.reject(this.#ended);
    }
    this.#waiting.clear();
  }

  #failure(kind: MonitorError["kind"], cause?: unknown): MonitorError {
    const found = {
      refused: "nothing listens there",
      denied: "it belongs to another user",
      silent: `no answer within ${this.#timeoutMs / 1000} s`,
      closed: "QEMU closed the connection",
    }[kind];
    return new MonitorError(kind, `QEMU's monitor ${this.#path}: ${found}.`, cause);
  }
}
