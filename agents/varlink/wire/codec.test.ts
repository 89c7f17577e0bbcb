import { describe, expect, test } from "vitest";
import { parseCall } from "./call.ts";
import { decodeMessage, deepestMessage, encodeMessage, readMessage, WireError } from "./codec.ts";
import { MadeStream } from "./made-stream.testing.ts";

const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;

describe("a message", () => {
  test("ends with a NUL, wherever the stream is cut", async () => {
    const bytes = Buffer.concat([
      encodeMessage({ method: "a.B", text: "ä\0b" }),
      encodeMessage({ method: "a.C" }),
    ]);
    for (let at = 0; at <= bytes.length; at += 1) {
      const stream = new MadeStream([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(await readMessage(stream)).toEqual({ method: "a.B", text: "ä\0b" });
      expect(await readMessage(stream)).toEqual({ method: "a.C" });
      expect(await readMessage(stream)).toBeUndefined();
    }
  });

  test.each([
    ["[]\0", /no object/],
    ["{\0", /no JSON/],
    ["\0", /no JSON/],
    [Buffer.from([0x22, 0xff, 0x22, 0]), /no JSON/],
    ['{"method"', /without an end/],
    [`${nested(deepestMessage + 1)}\0`, /more than 64 levels/],
  ])("%j is refused", async (text, why) => {
    await expect(readMessage(new MadeStream([text]))).rejects.toThrow(why);
  });

  test("may be as deep as allowed; brackets in texts don't count", () => {
    expect(() => decodeMessage(Buffer.from(nested(deepestMessage)))).not.toThrow();
    const text = { text: '"[{'.repeat(100) };
    expect(decodeMessage(Buffer.from(JSON.stringify(text)))).toEqual(text);
  });

  test("that never ends is refused when it is too long, before all of it is there", async () => {
    const parts = Array.from({ length: 100 }, () => "x".repeat(100));
    const stream = new MadeStream(parts);
    await expect(readMessage(stream, 1000)).rejects.toThrow("more than 1000 bytes");
    expect(await stream.read()).toBeDefined();
  });
});

describe("a call", () => {
  test("has an interface, a method, parameters and what it wants", () => {
    expect(parseCall({ method: "io.podman.Ps", parameters: { a: 1 }, more: true })).toEqual({
      interface: "io.podman",
      method: "Ps",
      parameters: { a: 1 },
      more: true,
      oneway: false,
      upgrade: false,
    });
  });

  test.each([
    {},
    { method: 1 },
    { method: "GetVersion" },
    { method: "io.podman." },
    { method: "io.podman.__proto__" },
    { method: `${"a".repeat(300)}.B` },
    { method: "a.B", parameters: [] },
    { method: "a.B", parameters: "x" },
  ])("%j is none", (message) => {
    expect(() => parseCall(message)).toThrow(WireError);
  });
});
