import * as fs from "node:fs";
import { longestRequestBytes, type RequestHandler, type Subscription } from "../events.ts";
import type { Owner } from "../files.ts";
import { KernelError } from "../kernel-error.ts";
import { type Limit, orStuck, overText } from "../quiet.ts";
import { asKernelError, attempt } from "./attempt.ts";
import { checked, libc, ptr } from "./libc.ts";
import { linuxFiles } from "./linux-files.ts";
import { unixAddress } from "./unix-address.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** Clients at the same time; more are turned away. */
const mostClients = 16;

/** See Sockets. A request ends with a line end, the answer with the connection. */
export function answerRequests(path: string, { owner, answer }: RequestHandler): Subscription {
  attempt("replace", path, () => fs.rmSync(path, { force: true }));
  let clients = 0;
  const listener = attempt("listen at", path, () =>
    Bun.listen<{ text: string; isAsked: boolean; rest: Uint8Array }>({
      unix: path,
      socket: {
        open(socket) {
          socket.data = { text: "", isAsked: false, rest: new Uint8Array() };
          clients += 1;
          if (clients > mostClients) {
            socket.end();
          }
        },
        data(socket, bytes) {
          const { data } = socket;
          if (data.isAsked) {
            return;
          }
          data.text += new TextDecoder().decode(bytes);
          const end = data.text.indexOf("\n");
          if (end === -1 && data.text.length <= longestRequestBytes) {
            return;
          }
          data.isAsked = true;
          if (end === -1) {
            socket.end();
            return;
          }
          void answer(data.text.slice(0, end)).then((text) => {
            data.rest = new TextEncoder().encode(text);
            send(socket);
          });
        },
        drain: send,
        close() {
          clients -= 1;
        },
        error: (socket) => void socket.end(),
      },
    }),
  );
  attempt("restrict", path, () => fs.chmodSync(path, 0o600));
  attempt("give", path, () => fs.lchownSync(path, owner.uid, owner.gid));
  return { close: () => listener.stop(true) };
}

/** A socket takes what fits, and says when there is room again. */
function send(socket: {
  data: { isAsked: boolean; rest: Uint8Array };
  write(bytes: Uint8Array): number;
  end(): unknown;
}): void {
  const { data } = socket;
  if (!data.isAsked || data.rest.length === 0) {
    return;
  }
  const written = socket.write(data.rest);
  data.rest = data.rest.subarray(Math.max(0, written));
  if (data.rest.length === 0) {
    socket.end();
  }
}

/** See Sockets. */
export async function request(path: string, text: string, timeoutMs: Limit): Promise<string> {
  const startedMs = performance.now();
  let answer = "";
  const decoder = new TextDecoder();
  const answered = new Promise<string>((resolve, reject) => {
    const refused = (error: unknown) => reject(asKernelError("ask at", path, error));
    Bun.connect({
      unix: path,
      socket: {
        open: (socket) => void socket.write(`${text}\n`),
        data: (_, bytes) => {
          answer += decoder.decode(bytes, { stream: true });
        },
        close: () =>
          answer === "" ? reject(new KernelError("ask at", path, "ECONNRESET")) : resolve(answer),
        error: (_, error) => refused(error),
        connectError: (_, error) => refused(error),
      },
    }).catch(refused);
  });
  return await orStuck(linuxFiles, answered, timeoutMs, (over): never => {
    const detail = overText(over, timeoutMs, performance.now() - startedMs);
    throw new KernelError("ask at", path, "ETIMEDOUT", { detail });
  });
}

/** See Sockets. An empty datagram looks like the end of the stream: the socket is opened anew then. */
export function receiveDatagrams(
  path: string,
  owner: Owner,
  onMessage: (text: string) => void,
): Subscription {
  let isOpen = true;
  let end = (): void => undefined;
  const open = (): void => {
    attempt("replace", path, () => fs.rmSync(path, { force: true }));
    const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const fd = checked("open", path, libc().socket(AF_UNIX, type, 0));
    const address = unixAddress(path);
    checked("bind", path, libc().bind(fd, ptr(address), address.length));
    attempt("restrict", path, () => fs.chmodSync(path, 0o600));
    attempt("give", path, () => fs.lchownSync(path, owner.uid, owner.gid));
    const connected = Bun.connect({
      fd,
      socket: {
        data: (_, bytes) => onMessage(new TextDecoder().decode(bytes)),
        close() {
          if (isOpen) {
            open();
          }
        },
        error() {
          // `close` follows.
        },
      },
    });
    end = () => {
      connected.then((socket) => socket.end()).catch(() => undefined);
    };
  };
  open();
  return {
    close() {
      isOpen = false;
      end();
      attempt("remove", path, () => fs.rmSync(path, { force: true }));
    },
  };
}
