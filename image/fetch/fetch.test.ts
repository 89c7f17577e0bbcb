import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Lock, LockedPackage } from "../resolve/lock.ts";
import { cachedPackage, fetchPackages, PackagesGoneError } from "./fetch.ts";
import { snapshotUrl } from "./snapshot.ts";

const packageContent = "the package's bytes\n";

let server: Server;
let base: string;
let cacheDir: string;
let asked: string[];
let said: string[];
/** What the server has, by path; "hang" answers never. */
let files: Record<string, string>;

beforeEach(async () => {
  asked = [];
  said = [];
  files = {};
  cacheDir = mkdtempSync(join(tmpdir(), "fetch-"));
  server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    asked.push(path);
    const content = files[path];
    if (content === "hang") {
      return;
    }
    response.writeHead(content === undefined ? 404 : 200);
    response.end(content ?? "not here");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("no port");
  }
  base = `http://127.0.0.1:${address.port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const one: LockedPackage = {
  name: "crun",
  version: "1.21+a-1",
  archive: "debian",
  path: "pool/main/c/crun/crun_1.21+a-1_amd64.deb",
  sizeBytes: packageContent.length,
  sha256: createHash("sha256").update(packageContent).digest("hex"),
};
const lock: Lock = {
  suite: "trixie",
  arch: "amd64",
  resolvedAt: "2026-02-03T04:05:06Z",
  kernelPackage: "linux-image-1",
  packages: [one],
};
const fromSnapshot = `/archive/debian/20260203T040506Z/${one.path}`;

function fetchAll(idleTimeoutSeconds = 60): Promise<void> {
  return fetchPackages(lock, {
    cacheDir,
    mirrors: async () => ({
      debian: `${base}/debian`,
      "debian-security": `${base}/debian-security`,
    }),
    snapshot: `${base}/archive`,
    idleTimeoutSeconds: { mirror: idleTimeoutSeconds, snapshot: idleTimeoutSeconds },
    progress: { line: (text) => said.push(text), live: () => undefined },
  });
}

describe("packages", () => {
  it("come from the mirror, once", async () => {
    files[`/debian/${one.path}`] = packageContent;
    await fetchAll();
    await fetchAll();
    expect(readFileSync(cachedPackage(cacheDir, one), "utf8")).toBe(packageContent);
    expect(asked).toEqual([`/debian/${one.path}`]);
  });

  it("that were changed in the cache are fetched again, and it is said", async () => {
    files[`/debian/${one.path}`] = packageContent;
    await fetchAll();
    writeFileSync(cachedPackage(cacheDir, one), "another package under its name");
    await fetchAll();
    expect(readFileSync(cachedPackage(cacheDir, one), "utf8")).toBe(packageContent);
    expect(said.join("\n")).toMatch(/isn't the locked crun: fetching it again/);
  });

  it("that left the mirror come from the snapshot of the day they were locked", async () => {
    files[fromSnapshot] = packageContent;
    await fetchAll();
    expect(readFileSync(cachedPackage(cacheDir, one), "utf8")).toBe(packageContent);
    expect(asked).toContain(fromSnapshot);
  });

  it("that the mirror has changed under the same name are not taken", async () => {
    files[`/debian/${one.path}`] = "the package's b1tes\n";
    files[fromSnapshot] = packageContent;
    await fetchAll();
    expect(readFileSync(cachedPackage(cacheDir, one), "utf8")).toBe(packageContent);
  });

  it("that are nowhere are reported with both reasons, and nothing half is kept", async () => {
    const error = await fetchAll().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PackagesGoneError);
    if (!(error instanceof PackagesGoneError)) {
      return;
    }
    expect(error.gone.map(({ name }) => name)).toEqual(["crun"]);
    expect(error.message).toMatch(
      /neither from the mirror \(.*404.*\) nor from the snapshot archive \(.*404/,
    );
    expect(existsSync(cachedPackage(cacheDir, one))).toBe(false);
    expect(readdirSync(join(cacheDir, "packages"))).toEqual([]);
  });

  it("don't wait for a snapshot archive that doesn't answer", async () => {
    files[fromSnapshot] = "hang";
    // Who waits for it is ended by the test's own limit.
    await expect(fetchAll(1)).rejects.toBeInstanceOf(PackagesGoneError);
  });
});

it("names the snapshot of a moment", () => {
  expect(
    snapshotUrl("https://s.example/archive", "2026-02-03T04:05:06Z", "debian-security", "p"),
  ).toBe("https://s.example/archive/debian-security/20260203T040506Z/p");
});
