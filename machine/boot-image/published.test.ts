import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { archiveInRelease, isReleaseFolder, saidSum, signersPath } from "./published.ts";

let keys: string;
let folder: string;
let store: string;
let server: Server | undefined;
const archive = `boot2podman-1.2.3-${process.arch === "arm64" ? "arm64" : "amd64"}.machine.tar.xz`;
const sum = createHash("sha256").update("archive").digest("hex");

beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), "published-keys-"));
  for (const name of ["trusted", "other"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(keys, name)]);
  }
});
afterAll(() => rm(keys, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "published-"));
  store = join(folder, "store");
  await mkdir(store);
  await writeFile(
    join(folder, "SHA256SUMS"),
    `${"1".repeat(64)}  boot2podman-1.2.3-amd64.iso\n${sum}  ${archive}\n`,
  );
});
afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

function sign(key: string, namespace = "boot2podman"): void {
  const what = ["-f", join(keys, key), "-n", namespace, join(folder, "SHA256SUMS")];
  execFileSync("ssh-keygen", ["-q", "-Y", "sign", ...what]);
}
async function trust(key: string): Promise<void> {
  const publicKey = await readFile(join(keys, `${key}.pub`), "utf8");
  await writeFile(signersPath(store), `boot2podman ${publicKey}`);
}
const path = () => join(folder, archive);

test("a release's folder is known by its list, an address by the slash at its end", async () => {
  expect(isReleaseFolder(folder)).toBe(true);
  expect(await archiveInRelease(folder)).toBe(path());
  expect(isReleaseFolder("https://example.org/1.2.3/")).toBe(true);
  expect(isReleaseFolder("https://example.org/1.2.3/x.tar.xz")).toBe(false);
  // What a build leaves has a list too.
  await writeFile(join(folder, "manifest.json"), "{}");
  expect(isReleaseFolder(folder)).toBe(false);
});

test("a release without an archive for this host says so", async () => {
  await writeFile(join(folder, "SHA256SUMS"), `${sum}  boot2podman-1.2.3-riscv64.machine.tar.xz\n`);
  await expect(archiveInRelease(folder)).rejects.toThrow(
    /^its SHA256SUMS names no archive of a machine for (amd64|arm64)$/,
  );
});

describe("the sum of an archive", () => {
  test("is what the list says, signed or not, where nobody's signature is asked for", async () => {
    expect(await saidSum(path(), store)).toBe(sum);
  });

  test("counts when a key that is trusted has signed the list", async () => {
    await trust("trusted");
    sign("trusted");
    expect(await saidSum(path(), store)).toBe(sum);
  });

  test.each<[string, () => void | Promise<void>, RegExp]>([
    [
      "there is no signature",
      () => undefined,
      /there is no SHA256SUMS\.sig beside it, and .*release-signers asks for a signature/,
    ],
    [
      "another key has signed",
      () => sign("other"),
      /signed by nobody whom .*release-signers names/,
    ],
    ["the signature is about something else", () => sign("trusted", "file"), /signed by nobody/],
    [
      "the list was changed afterwards",
      async () => {
        sign("trusted");
        await writeFile(join(folder, "SHA256SUMS"), `${"0".repeat(64)}  ${archive}\n`);
      },
      /signed by nobody/,
    ],
    [
      "the signed list doesn't name it, though a file beside it has its sum",
      async () => {
        await writeFile(join(folder, "SHA256SUMS"), `${sum}  another.tar.xz\n`);
        await writeFile(`${path()}.sha256`, `${sum}  ${archive}\n`);
        sign("trusted");
      },
      /the signed SHA256SUMS beside it doesn't name it/,
    ],
  ])("is refused when %s", async (_, change, reason) => {
    await trust("trusted");
    await change();
    await expect(saidSum(path(), store)).rejects.toThrow(reason);
  });

  test("is fetched and checked in the same way from an address", async () => {
    await trust("trusted");
    sign("trusted");
    server = createServer((request, response) => {
      const name = (request.url ?? "").split("/").at(-1)?.split("?")[0] ?? "";
      readFile(join(folder, name)).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const release = `http://127.0.0.1:${port}/v1/`;
    const found = await archiveInRelease(release);
    expect(found).toBe(`${release}${archive}`);
    expect(await saidSum(`${found}?mirror=1`, store)).toBe(sum);
    await trust("other");
    await expect(saidSum(found, store)).rejects.toThrow(/signed by nobody/);
  });
});
