import { createReadStream } from "node:fs";
import { pipeline, Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { Kernel } from "../kernel/kernel.ts";

/** The keys that this machine's owner trusts to sign releases, in the form of ssh-keygen's allowed signers. */
export const signersPath = "/var/lib/boot2podman/release-signers";
const sumsName = "SHA256SUMS";
const timeoutMs = 60_000;
const mostListBytes = 64 * 1024;

/** Where a disk image comes from, and what it has to be. */
export interface Source {
  /** A path or an http(s): URL. */
  place: string;
  sha256: string;
  /** How it is known that this is the right sum, in words. */
  because: string;
}

/** What a person named: a disk image or a release's folder, with its sum where the person knows it. */
export interface Wanted {
  place: string;
  sha256: string | undefined;
  /** In Debian's words. */
  arch: string;
}

/** Finds the image and its sum. Throws when nobody says the sum, or none whom the machine's owner trusts has signed it. */
export async function findSource(kernel: Kernel, wanted: Wanted): Promise<Source> {
  const { place, sha256, arch } = wanted;
  if (sha256 !== undefined) {
    return { place, sha256, because: "as --sha256 says" };
  }
  const sums = await readBeside(kernel, place, sumsName);
  if (sums === undefined) {
    throw new Error(`there is no ${sumsName} beside ${place}: name its SHA-256 with --sha256`);
  }
  const signers = kernel.readNoFollow(signersPath, mostListBytes);
  if (signers !== undefined) {
    await checkSignature(kernel, place, sums);
  } else if (isRemote(place) && !place.startsWith("https:")) {
    throw new Error(
      `${place} comes by http, which anybody on the way can change: name its SHA-256 with --sha256, or a key that you trust in ${signersPath}`,
    );
  }
  const name = place.slice(place.lastIndexOf("/") + 1).replace(/[?#].*$/, "");
  const lines = [...sums.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)];
  const end = `-${arch}.raw.zst`;
  const line = lines.find(([, , named = ""]) =>
    name === "" ? named.endsWith(end) : named === name,
  );
  if (line === undefined) {
    throw new Error(
      `${sumsName} beside ${place} doesn't name ${name === "" ? `a disk image …${end}` : name}`,
    );
  }
  const because =
    signers === undefined ? `as ${sumsName} beside it says` : "as its release was signed";
  const [, sum = "", named = ""] = line;
  return { place: name === "" ? `${place}${named}` : place, sha256: sum, because };
}

async function checkSignature(kernel: Kernel, place: string, sums: string): Promise<void> {
  const signature = await readBeside(kernel, place, `${sumsName}.sig`);
  if (signature === undefined) {
    throw new Error(`there is no ${sumsName}.sig beside ${place}, and ${signersPath} asks for it`);
  }
  const path = "/run/boot2podman/upgrade.sig";
  kernel.writePlain(path, signature);
  const who = ["-f", signersPath, "-I", "boot2podman", "-n", "boot2podman"];
  const result = await kernel.run(["ssh-keygen", "-Y", "verify", ...who, "-s", path], {
    stdin: sums,
  });
  kernel.unlink(path);
  if (result.exitCode !== 0) {
    throw new Error(`${sumsName} beside ${place} is signed by nobody whom ${signersPath} names`);
  }
}

/** A disk image that is read as it comes. */
export interface OpenImage {
  /** Unpacked; whoever has what he wants needs not read on. */
  bytes: AsyncIterable<Uint8Array>;
  /** Reads what is left of the packed image, and throws when the whole isn't the right one. */
  settle(): Promise<void>;
}

/** Fewer and larger parts: between two of them the emulated guest does more than in them. */
const partBytes = 1024 * 1024;

/** Begins to read an image. */
export async function openImage({ place, sha256 }: Source): Promise<OpenImage> {
  if (!hasZstd(zlib)) {
    throw new Error("the runtime can't unpack zstd");
  }
  const hash = new Bun.CryptoHasher("sha256");
  const packed: AsyncIterable<Uint8Array> = isRemote(place)
    ? await download(place)
    : createReadStream(place, { highWaterMark: partBytes });
  const parts = packed[Symbol.asyncIterator]();
  const next = async () => {
    const part = await parts.next();
    if (part.done !== true) {
      hash.update(part.value);
    }
    return part;
  };
  async function* rest(): AsyncGenerator<Uint8Array> {
    for (let part = await next(); part.done !== true; part = await next()) {
      yield part.value;
    }
  }
  const unpack = zlib.createZstdDecompress({ chunkSize: partBytes });
  const source = Readable.from(rest());
  // What fails is thrown to whoever reads; nobody may have begun to when it does.
  const bytes = pipeline(source, unpack, () => undefined);
  return {
    bytes,
    async settle() {
      bytes.destroy();
      for await (const _ of rest()) {
        // Only its sum counts.
      }
      const found = hash.digest("hex");
      if (found !== sha256) {
        throw new Error(`its SHA-256 is ${found}, not ${sha256}`);
      }
    },
  };
}

/** The types that we have are those of a Node without it; Bun has it. */
function hasZstd(
  found: unknown,
): found is { createZstdDecompress(options: { chunkSize: number }): Transform } {
  return typeof found === "object" && found !== null && "createZstdDecompress" in found;
}

async function download(url: string): Promise<AsyncIterable<Uint8Array>> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) {
    throw new Error(`the server says ${response.status} ${response.statusText}`);
  }
  return response.body;
}

/** The text of another file in the same folder; undefined when there is none. */
async function readBeside(
  kernel: Kernel,
  place: string,
  name: string,
): Promise<string | undefined> {
  const folder = place.slice(0, place.lastIndexOf("/") + 1);
  if (!isRemote(place)) {
    const bytes = kernel.readNoFollow(`${folder}${name}`, mostListBytes);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
  }
  const response = await fetch(`${folder}${name}`, { signal: AbortSignal.timeout(timeoutMs) });
  return response.ok ? (await response.text()).slice(0, mostListBytes) : undefined;
}

function isRemote(place: string): boolean {
  return /^https?:/.test(place);
}
