import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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

const silent = {
  line: () => undefined,
  warn: () => undefined,
  progress: () => undefined,
  stage: () => undefined,
};
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
    `The ISO ${before}/x.iso can't be fetched: no answer`,
  );
});

test("an ISO with another hash than the one given is refused, copied or downloaded", async () => {
  const path = join(folder, "mine.iso");
  await writeFile(path, iso);
  const right = createHash("sha256").update(iso).digest("hex");
  const wrong = "0".repeat(64);
  for (const url of [path, `${address()}/boot2podman.iso`]) {
    await fetchIso(url, filesIn(folder), silent, right);
    await expect(fetchIso(url, filesIn(folder), silent, wrong)).rejects.toThrow(
      `its SHA-256 is ${right}, expected ${wrong}`,
    );
  }
});

test("a server that sends more than an ISO can have is cut off", async () => {
  const fetching = fetchIso(`${address()}/boot2podman.iso`, filesIn(folder), silent, "", 100_000);
  await expect(fetching).rejects.toThrow("it has more than 100000 bytes");
});

test("http: without a hash is warned of", async () => {
  const warnings: string[] = [];
  const report = { ...silent, warn: (text: string) => warnings.push(text) };
  const url = `${address()}/boot2podman.iso`;
  await fetchIso(url, filesIn(folder), report, createHash("sha256").update(iso).digest("hex"));
  expect(warnings).toEqual([]);
  await fetchIso(url, filesIn(folder), report);
  expect(warnings.join()).toMatch(/http: not encrypted.*--boot2podman-sha256/);
});
