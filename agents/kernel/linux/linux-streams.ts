import * as fs from "node:fs";
import * as net from "node:net";
import type { Readable, Writable } from "node:stream";
import { KernelError } from "../kernel-error.ts";
import type { ByteStream, Streams } from "../streams.ts";
import { asKernelError, attempt } from "./attempt.ts";
import { libc, ptr } from "./libc.ts";
import { whenPolled } from "./when-polled.ts";

/** What is read ahead of its reader, so that the end of the other side is noticed. */
const readAheadBytes = 1024 * 1024;
const partBytes = 64 * 1024;

/** Streams by the runtime's own sockets; apart from the kernel's door, since a boot has no need of them. */
export const linuxStreams: Streams = {
  connectStream(path) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ path, allowHalfOpen: true });
      socket.once("error", (error) => reject(asKernelError("connect to", path, error)));
      socket.once("connect", () => resolve(streamOf(path, socket, socket)));
    });
  },
  acceptStreams(fd, onStream) {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      const stream = streamOf("a client", socket, socket);
      const descriptor = descriptorOf(socket);
      // The end of what it sends may be that of the client itself: then nothing is left to be done for it.
      socket.once("end", () => closeOnceGone(stream, descriptor));
      onStream(stream, descriptor === undefined ? nobody : peerUid(descriptor));
    });
    server.listen({ fd });
    return () => server.close();
  },
  standardStream: () => streamOf("standard input and output", process.stdin, process.stdout),
  openFile(path) {
    const fd = attempt("open", path, () => fs.openSync(path, "r"));
    return {
      lengthBytes: attempt("stat", path, () => fs.fstatSync(fd).size),
      async *parts() {
        try {
          for (;;) {
            const part = new Uint8Array(partBytes);
            const length = attempt("read", path, () => fs.readSync(fd, part));
            if (length === 0) {
              return;
            }
            yield part.subarray(0, length);
          }
        } finally {
          fs.closeSync(fd);
        }
      },
    };
  },
  createFile(path) {
    const fd = attempt("create", path, () => fs.openSync(path, "wx", 0o600));
    return {
      append(bytes) {
        for (let rest = bytes; rest.length > 0; ) {
          rest = rest.subarray(attempt("write", path, () => fs.writeSync(fd, rest)));
        }
      },
      close: () => fs.closeSync(fd),
    };
  },
};

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const credentialsBytes = 12;
const O_NONBLOCK = 0o4000;
/** Nobody's files are his. */
const nobody = 65_534;

/** The runtime's own descriptor, which neither of them gives otherwise. */
function descriptorOf(socket: net.Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  const fd: unknown = typeof handle === "object" && handle !== null && Reflect.get(handle, "fd");
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}

function closeOnceGone(stream: ByteStream, descriptor: number | undefined): void {
  if (descriptor === undefined || stream.gone.aborted) {
    return;
  }
  const waited = { events: 0, flags: O_NONBLOCK };
  const forget = whenPolled("a client", descriptor, waited, () => stream.close());
  stream.gone.addEventListener("abort", forget, { once: true });
}

/** Who is at the other side of an accepted connection (unix(7)). */
function peerUid(fd: number): number {
  // struct ucred: pid, uid, gid
  const credentials = new Int32Array(3);
  const length = new Uint32Array([credentialsBytes]);
  const got = libc().getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ptr(credentials), ptr(length));
  return got === 0 ? (credentials[1] ?? nobody) : nobody;
}

/** A stream over those of the runtime, which may be one. */
export function streamOf(name: string, input: Readable, output: Writable): ByteStream {
  const gone = new AbortController();
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let isOver = false;
  let wake: (() => void) | undefined;
  const end = () => {
    isOver = true;
    wake?.();
  };
  const close = () => {
    end();
    gone.abort();
  };
  input.on("data", (bytes: Uint8Array) => {
    waiting.push(bytes);
    waitingBytes += bytes.length;
    if (waitingBytes > readAheadBytes) {
      input.pause();
    }
    wake?.();
  });
  input.on("end", end);
  for (const one of new Set<Readable | Writable>([input, output])) {
    // What went wrong is told to whoever writes; a reader sees the end.
    one.on("error", close);
    one.on("close", one === output ? close : end);
  }
  return {
    gone: gone.signal,
    async read() {
      while (waiting.length === 0) {
        if (isOver) {
          return undefined;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
      }
      const bytes = waiting.shift();
      waitingBytes -= bytes?.length ?? 0;
      if (waitingBytes <= readAheadBytes) {
        input.resume();
      }
      return bytes;
    },
    unread(bytes) {
      if (bytes.length > 0) {
        waiting.unshift(bytes);
        waitingBytes += bytes.length;
      }
    },
    write(bytes) {
      return new Promise((resolve, reject) => {
        if (gone.signal.aborted || output.writableEnded) {
          reject(new KernelError("write to", name, "EPIPE"));
          return;
        }
        output.write(bytes, (error) => {
          if (error) {
            reject(asKernelError("write to", name, error));
          } else {
            resolve();
          }
        });
      });
    },
    end: () => void output.end(),
    close() {
      input.destroy();
      output.destroy();
      close();
    },
  };
}
