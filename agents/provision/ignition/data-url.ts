import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { mebibyte } from "../../units/bytes.ts";

/** More than anybody writes into a config; it lies in RAM several times. */
export const mostBytes = 16 * mebibyte;

/** What a file of an Ignition config holds, as its spec writes it ("resource"). */
export interface Resource {
  source?: string | null | undefined;
  compression?: string | null | undefined;
  hash?: string | null | undefined;
}

/**
 * The bytes of a resource: a data URL (RFC 2397), plain or base64, unpacked where it is gzip, and compared with its
 * hash. Throws an Error for everything else, in one line: nothing is fetched.
 */
export function bytesOf({ source, compression, hash }: Resource): Buffer {
  const raw = source ? fromUrl(source) : Buffer.alloc(0);
  let bytes = raw;
  if (compression === "gzip" && source) {
    bytes = gunzipSync(raw, { maxOutputLength: mostBytes });
  } else if (compression && compression !== "gzip") {
    throw new Error(`compression ${JSON.stringify(compression)} is unknown: expected gzip`);
  }
  if (hash) {
    const [, kind = "", wanted = ""] = /^(sha512|sha256)-([\da-f]+)$/i.exec(hash) ?? [];
    if (kind === "") {
      throw new Error("its hash is neither sha512-… nor sha256-…");
    }
    if (createHash(kind.toLowerCase()).update(bytes).digest("hex") !== wanted.toLowerCase()) {
      throw new Error(`its content doesn't match its ${kind.toLowerCase()}`);
    }
  }
  return bytes;
}

function fromUrl(url: string): Buffer {
  const [, scheme = ""] = /^([a-z][a-z\d+.-]*):/i.exec(url) ?? [];
  if (scheme.toLowerCase() !== "data") {
    throw new Error(
      `${scheme === "" ? "its source" : `${scheme}:`} is not fetched: write the content as a data: URL`,
    );
  }
  const comma = url.indexOf(",");
  if (comma === -1) {
    throw new Error("its data: URL has no comma");
  }
  const isBase64 = /;base64$/i.test(url.slice(0, comma));
  const plain = fromPercents(url.slice(comma + 1));
  if (!isBase64) {
    return plain;
  }
  const text = plain.toString("latin1").replaceAll(/\s/g, "");
  if (!/^[A-Za-z\d+/_-]*={0,2}$/.test(text)) {
    throw new Error("its data: URL is not base64");
  }
  return Buffer.from(text, "base64");
}

function fromPercents(text: string): Buffer {
  const bytes = Buffer.from(text).toString("latin1");
  if (/%(?![\da-f]{2})/i.test(bytes)) {
    throw new Error("its data: URL has a % without two hexadecimal digits");
  }
  const plain = bytes.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(plain, "latin1");
}
