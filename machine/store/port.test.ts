import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chooseFreePort, isPortFree, parsePortRange } from "./port.ts";

let store: string;
let server: Server;
let taken: number;

beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), "port-"));
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  taken = address !== null && typeof address === "object" ? address.port : 0;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(store, { recursive: true });
});

test("a port on which a program listens is not free", async () => {
  expect(await isPortFree(taken)).toBe(false);
});

test("a chosen port is free", async () => {
  expect(await isPortFree(await chooseFreePort(store, undefined))).toBe(true);
});

test("a range with nothing free is told", async () => {
  await expect(chooseFreePort(store, { min: taken, max: taken })).rejects.toThrow(
    `No port from ${taken} to ${taken} of 127.0.0.1 is free`,
  );
});

test("the port of a stopped machine is left to it", async () => {
  const free = await chooseFreePort(store, undefined);
  const folder = join(store, "machines", "box");
  await mkdir(folder, { recursive: true });
  const config = {
    ConfigVersion: 3,
    Driver: { SSHPort: free, Memory: 1024, DiskSize: 1000, CPU: 1 },
    DriverName: "qemu",
    Name: "box",
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  await expect(chooseFreePort(store, { min: free, max: free })).rejects.toThrow("is free");
});

test("a broken config of another machine doesn't stop the choice", async () => {
  const folder = join(store, "machines", "broken");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), "{");
  expect(await chooseFreePort(store, undefined)).toBeGreaterThan(0);
});

test("a range is read; an empty text is no range", () => {
  expect(parsePortRange("2200-2299")).toEqual({ min: 2200, max: 2299 });
  expect(parsePortRange("")).toBeUndefined();
});

test.each(["2200", "2299-2200", "0-10", "1-65536", "a-b", "1-2-3"])(
  "range %s is refused",
  (text) => {
    expect(() => parsePortRange(text)).toThrow(`Invalid port range "${text}"`);
  },
);
