import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bytesOf } from "./data-url.ts";

const packed = `data:;base64,${gzipSync("hello").toString("base64")}`;
const sha512 = createHash("sha512").update("hello").digest("hex");
const sha256 = createHash("sha256").update("hello").digest("hex");

test.each([
  ["nothing", {}, ""],
  ["plain text", { source: "data:,hello" }, "hello"],
  ["percents, of UTF-8 too", { source: "data:,a%0Ab%C3%BC%2Bc+d" }, "a\nbü+c+d"],
  ["a media type", { source: "data:text/plain;charset=utf-8,x" }, "x"],
  ["base64", { source: "data:text/plain;base64,aGVsbG8=" }, "hello"],
  ["base64 with percents", { source: "data:;base64,aGVsbG8%3D" }, "hello"],
  ["gzip", { source: packed, compression: "gzip" }, "hello"],
  ["its hash", { source: "data:,hello", hash: `sha512-${sha512}` }, "hello"],
  [
    "the hash of what is unpacked",
    { source: packed, compression: "gzip", hash: `sha256-${sha256}` },
    "hello",
  ],
])("takes %s", (_, resource, text) => {
  expect(bytesOf(resource).toString()).toBe(text);
});

test.each([
  [{ source: "https://host/x" }, "https: is not fetched: write the content as a data: URL"],
  [{ source: "/etc/passwd" }, "its source is not fetched"],
  [{ source: "data:hello" }, "has no comma"],
  [{ source: "data:,%zz" }, "without two hexadecimal digits"],
  [{ source: "data:;base64,***" }, "is not base64"],
  [{ source: "data:,x", compression: "xz" }, 'compression "xz" is unknown'],
  [{ source: "data:,x", compression: "gzip" }, "unexpected end of file"],
  [
    { source: "data:,hello", hash: `sha512-${sha512.replace(/^./, "0")}0` },
    "doesn't match its sha512",
  ],
  [{ source: "data:,hello", hash: "md5-00" }, "neither sha512-… nor sha256-…"],
])("refuses %j in one line", (resource, message) => {
  expect(() => bytesOf(resource)).toThrow(message);
});
