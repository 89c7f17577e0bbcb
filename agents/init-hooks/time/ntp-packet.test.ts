import { expect, test } from "vitest";
import { fakeTimeServer, type MadeAnswer } from "./made-time-server.testing.ts";
import { ntpRequest, readNtpReply } from "./ntp-packet.ts";

const cookie = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);

function reply(trueMs: number, made: MadeAnswer = {}, sentMs = trueMs, receivedMs = sentMs + 20) {
  const request = { address: "x", port: 123, payload: ntpRequest(cookie), timeoutMs: 1 };
  const payload = fakeTimeServer({ trueMs: () => trueMs }, made)(request);
  return readNtpReply("x", cookie, { payload, sentMs, receivedMs });
}

test("the offset is against the middle of question and answer", () => {
  const { offsetMs, delayMs } = reply(1_700_000_005_010, {}, 1_700_000_000_000);
  expect(offsetMs).toBeCloseTo(5_000, 1);
  expect(delayMs).toBeCloseTo(20, 1);
});

test("time goes on after the seconds have overflown in 2036", () => {
  const ms = Date.UTC(2040, 0, 1);
  expect(reply(ms, {}, ms - 10).offsetMs).toBeCloseTo(0, 1);
});

test.each<[string, MadeAnswer, RegExp]>([
  ["that is too short", { sizeBytes: 40 }, /too short/],
  ["to another question", { cookie: new Uint8Array(8) }, /another request/],
  ["of a client", { mode: 3 }, /not the answer of a server/],
  ["that refuses", { stratum: 0 }, /refuses/],
  ["of a server that doesn't know", { leap: 3 }, /doesn't know/],
  ["of a server without a source", { stratum: 16 }, /doesn't know/],
  ["of a server far from its source", { rootDelay: 0x00ff_0000 }, /too far/],
])("an answer %s is refused", (_, made, message) => {
  expect(() => reply(1_700_000_000_000, made)).toThrow(message);
});

test("the question doesn't tell what our clock says", () => {
  expect([...ntpRequest(cookie)].slice(1, 40).every((byte) => byte === 0)).toBe(true);
});
