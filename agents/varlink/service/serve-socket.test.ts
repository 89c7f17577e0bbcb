import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { linuxStreams, streamOf } from "../../kernel/linux/linux-streams.ts";
import type { ByteStream, Streams } from "../../kernel/streams.ts";
import { callOnce } from "../client/call.ts";
import { encodeMessage } from "../wire/codec.ts";
import type { Service } from "./interface.ts";
import { mostClients, serveSocket } from "./serve-socket.ts";

/** A host may be slow. */
const patience = { timeout: 60_000 };
const partBytes = 1024 * 1024;

/** Calls that didn't end yet, what the last of them has given, and what ends those that wait. */
const flood = { running: 0, parts: 0, isOver: false };

const service: Service = {
  vendor: "V",
  product: "P",
  version: "1",
  url: "",
  interfaces: {
    "org.example": async () => ({
      description: `interface org.example
method Echo(text: string) -> (text: string)
method Flood() -> (text: string)
method Hang() -> ()
`,
      failure: (error) => ({ error: "org.example.Failed", parameters: { reason: String(error) } }),
      handlers: {
        Echo: async ({ parameters }) => ({ text: parameters.text("text") }),
        async Flood({ replyMore, gone }) {
          flood.running += 1;
          try {
            for (; !gone.aborted; flood.parts += 1) {
              await replyMore({ text: "x".repeat(partBytes) });
            }
          } finally {
            flood.running -= 1;
          }
          return { text: "" };
        },
        async Hang() {
          flood.running += 1;
          await vi.waitFor(() => expect(flood.isOver).toBe(true), { timeout: 600_000 });
          flood.running -= 1;
          return {};
        },
      },
    }),
  },
};

describe("a socket's service, over real sockets,", () => {
  let folder: string;
  let path: string;
  let served: Promise<void>;
  const opened: ByteStream[] = [];

  /** The runtime's own streams; the socket is made here, where no other process hands one over. */
  const streams: Pick<Streams, "acceptStreams"> = {
    acceptStreams(_fd, onStream) {
      const server = net.createServer({ allowHalfOpen: true }, (socket) =>
        onStream(streamOf("a client", socket, socket), 1000),
      );
      server.listen(path);
      return () => server.close();
    },
  };

  async function connect(): Promise<ByteStream> {
    const stream = await vi.waitFor(() => linuxStreams.connectStream(path), patience);
    opened.push(stream);
    return stream;
  }

  const call = (method: string, parameters = {}) => ({
    method: `org.example.${method}`,
    parameters,
  });

  async function echo(stream: ByteStream, text: string): Promise<string> {
    return (await callOnce(stream, call("Echo", { text }))).text("text");
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "varlink-"));
    path = join(folder, "s");
    Object.assign(flood, { running: 0, parts: 0, isOver: false });
    served = serveSocket(streams, () => service, 300);
  });
  afterEach(async () => {
    flood.isOver = true;
    for (const stream of opened.splice(0)) {
      stream.close();
    }
    await served;
    rmSync(folder, { recursive: true });
  });

  test("answers others while one reads nothing, one sends half a message, and one waits for what never comes", async () => {
    const [slow, half, waiting] = [await connect(), await connect(), await connect()];
    await slow.write(encodeMessage({ ...call("Flood"), more: true }));
    await half.write(encodeMessage(call("Echo")).subarray(0, 10));
    await waiting.write(encodeMessage(call("Hang")));
    await vi.waitFor(() => expect(flood.running).toBe(2), patience);
    const other = await connect();
    for (let at = 0; at < 20; at += 1) {
      expect(await echo(other, `${at}`)).toBe(`${at}`);
    }
    // As much as the sockets' buffers take, and no more: it isn't kept for who doesn't read it.
    expect(flood.parts).toBeLessThan(8);
  });

  test("ends what it does for who is gone", async () => {
    const slow = await connect();
    await slow.write(encodeMessage({ ...call("Flood"), more: true }));
    await vi.waitFor(() => expect(flood.running).toBe(1), patience);
    slow.close();
    await vi.waitFor(() => expect(flood.running).toBe(0), patience);
  });

  test(`serves ${mostClients} at a time; another takes the place of the one that has asked nothing for longest`, async () => {
    const clients: ByteStream[] = [];
    for (let at = 0; at < mostClients; at += 1) {
      const client = await connect();
      expect(await echo(client, `${at}`)).toBe(`${at}`);
      clients.push(client);
    }
    const [first, second] = clients;
    if (first === undefined || second === undefined) {
      throw new Error("no clients");
    }
    // Who asks again is not the one.
    expect(await echo(first, "again")).toBe("again");
    expect(await echo(await connect(), "one more")).toBe("one more");
    expect(await second.read()).toBeUndefined();
    expect(await echo(first, "still there")).toBe("still there");
  });

  test("turns another away when all of them are at work", async () => {
    const clients: ByteStream[] = [];
    for (let at = 0; at < mostClients; at += 1) {
      clients.push(await connect());
      await clients.at(-1)?.write(encodeMessage(call("Hang")));
    }
    await vi.waitFor(() => expect(flood.running).toBe(mostClients), patience);
    const refused = await connect();
    expect(await refused.read()).toBeUndefined();
    expect(flood.running).toBe(mostClients);
    flood.isOver = true;
    await vi.waitFor(() => expect(flood.running).toBe(0), patience);
    clients[0]?.close();
    expect(await echo(await connect(), "free again")).toBe("free again");
  });

  test("is over once nobody has been there for a while, and not before", async () => {
    let isOver = false;
    void served.then(() => {
      isOver = true;
    });
    const client = await connect();
    expect(await echo(client, "a")).toBe("a");
    const late = setTimeout(() => client.close(), 900);
    await once(client.gone, "abort");
    clearTimeout(late);
    expect(isOver).toBe(false);
    await served;
    await expect(linuxStreams.connectStream(path)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  });
});
