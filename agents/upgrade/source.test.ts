import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "upgrade-source-"));
afterAll(() => rmSync(folder, { recursive: true }));

const bun = join(import.meta.dirname, "../../node_modules/.bin/bun");
const content = randomBytes(3_000_000);

/** What comes of reading a file as an image, by Bun, whose zstd it is. Nobody reads for a while: what fails then counts too. */
function read(path: string, sha256: string, mostBytes = Number.MAX_SAFE_INTEGER): string {
  const script = `
    const { openImage } = await import(${JSON.stringify(join(import.meta.dirname, "source.ts"))});
    try {
      const image = await openImage({ place: ${JSON.stringify(path)}, sha256: "${sha256}", because: "" });
      await new Promise((resolve) => setTimeout(resolve, 50));
      let bytes = 0;
      for await (const part of image.bytes) {
        bytes += part.length;
        if (bytes >= ${mostBytes}) break;
      }
      await image.settle();
      console.log("settled");
    } catch (error) {
      console.log(error.message);
    }`;
  return execFileSync(bun, ["-e", script], { encoding: "utf8" }).trim();
}

function file(name: string, bytes: Uint8Array): { path: string; sha256: string } {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return { path, sha256: createHash("sha256").update(bytes).digest("hex") };
}

describe("an image that is read as it comes", () => {
  const packed = (bytes: Uint8Array) =>
    execFileSync("zstd", ["-q", "-c"], { input: bytes, maxBuffer: 2 ** 24 });

  test("is the right one by the sum of all of it, also when only its start is wanted", () => {
    const { path, sha256 } = file("whole.zst", packed(content));
    expect(read(path, sha256)).toBe("settled");
    expect(read(path, sha256, 1)).toBe("settled");
    expect(read(path, "0".repeat(64), 1)).toBe(`its SHA-256 is ${sha256}, not ${"0".repeat(64)}`);
  });

  test("that is no zstd is an error for whoever reads, and ends nothing else", () => {
    const { path, sha256 } = file("raw", content);
    expect(read(path, sha256)).toMatch(/frame descriptor/);
  });

  test("that isn't there is an error too", () => {
    expect(read(join(folder, "absent"), "0".repeat(64))).toMatch(/ENOENT/);
  });
});
