import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { waitForBanner } from "./banner.ts";

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

function listen(greet: (socket: Socket) => void): Promise<number> {
  return new Promise((resolve) => {
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      greet(socket);
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server?.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

test("something that speaks is heard", async () => {
  const port = await listen((socket) => socket.write("SSH-2.0-OpenSSH_10.0\r\n"));
  expect(await waitForBanner(port, new AbortController().signal)).toBe(true);
});

test("a port that accepts and says nothing is no banner", async () => {
  const port = await listen(() => undefined);
  expect(await waitForBanner(port, AbortSignal.timeout(100))).toBe(false);
});

test("a port that closes at first is tried again", async () => {
  let tries = 0;
  const port = await listen((socket) => {
    tries += 1;
    if (tries === 1) {
      socket.destroy();
    } else {
      socket.write("SSH-2.0\r\n");
    }
  });
  expect(await waitForBanner(port, AbortSignal.timeout(60_000))).toBe(true);
  expect(tries).toBe(2);
});
