import fc from "fast-check";
import { expect, test } from "vitest";
import { QmpDecoder, type QmpMessage } from "./qmp-message.ts";

const stream = `${[
  '{"QMP": {"version": {"package": "Debian"}, "capabilities": ["oob"]}}',
  '{"return": {}, "id": "1"}',
  '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "RTC_CHANGE", "data": {"offset": 1}}',
  '{"return": {"status": "läuft"}, "id": "2"}',
  '{"error": {"class": "GenericError", "desc": "no such thing"}, "id": "3"}',
  '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "POWERDOWN"}',
].join("\r\n")}\r\n`;

const knownMessages: QmpMessage[] = [
  { kind: "greeting" },
  { kind: "reply", id: "1", value: {} },
  { kind: "event", name: "RTC_CHANGE", data: { offset: 1 } },
  { kind: "reply", id: "2", value: { status: "läuft" } },
  { kind: "refusal", id: "3", description: "no such thing" },
  { kind: "event", name: "POWERDOWN", data: undefined },
];

test("a stream is the same messages however it is cut into pieces", () => {
  const bytes = Buffer.from(stream);
  const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, (positions) => {
      const decoder = new QmpDecoder();
      const edges = [0, ...positions.sort((a, b) => a - b), bytes.length];
      const messages = edges
        .slice(1)
        .flatMap((end, index) => decoder.push(bytes.subarray(edges[index], end)));
      expect(messages).toEqual(knownMessages);
    }),
  );
});

test("a message that isn't finished is not given out", () => {
  expect(new QmpDecoder().push(Buffer.from('{"return": {}}'))).toEqual([]);
});

test.each(["hello", "[1]", '{"other": 1}', '"QMP"'])("%s is refused", (text) => {
  expect(() => new QmpDecoder().push(Buffer.from(`${text}\n`))).toThrow("QEMU's monitor sent");
});
