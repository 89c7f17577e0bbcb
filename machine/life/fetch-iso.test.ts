import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { filesIn } from "../store/machine-files.ts";
import { fetchIso } from "./fetch-iso.ts";

const iso = Buffer.alloc(300_000, "iso");

const answers: RequestListener = (request, response) => {
  switch (request.url) {
    case "/boot2podman.iso":
      response.end(iso);
      break;
    case "/moved.iso":
      response.writeHead(302, { location: "/boot2podman.iso" }).end();
      break;
    case "/cut.iso":
      response.writeHead(200, { "content-length": iso.length });
      response.write(iso.subarray(0, 1000), () => request.socket.destroy());
      break;
    default:
      response.writeHead(404).end();
  }
};

let folder: string;
let server: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetch-iso-"));
  server = createServer(answers);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const silent = { line: () => undefined, warn: () => undefined, stage: () => undefined };
const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const fetchFrom = (path: string) => fetchIso(`${address()}${path}`, filesIn(folder), silent);

test.each(["/boot2podman.iso", "/moved.iso"])("%s is downloaded whole", async (path) => {
  await fetchFrom(path);
  expect((await readFile(join(folder, "boot2podman.iso"))).equals(iso)).toBe(true);
});

test.each([
  ["/gone.iso", "the server says 404 Not Found"],
  ["/cut.iso", "the connection broke off"],
])("%s is refused: %s", async (path, reason) => {
  await expect(fetchFrom(path)).rejects.toThrow(
    `The ISO ${address()}${path} can't be fetched: ${reason}`,
  );
});

test("a server that isn't there is told", async () => {
  const before = address();
  await new Promise((resolve) => server.close(resolve));
  await expect(fetchIso(`${before}/x.iso`, filesIn(folder), silent)).rejects.toThrow(
    `The ISO ${before}/x.iso can't be fetched: nobody answers there`,
  );
});
