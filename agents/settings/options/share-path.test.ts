import { describe, expect, test } from "vitest";
import { placeOfName } from "./share-path.ts";

describe("the place that a share's name says", () => {
  test.each([
    ["Users", "/Users"],
    ["hosthome", "/hosthome"],
    ["c/Users", "/c/Users"],
    ["my project", "/my project"],
    ["größe", "/größe"],
    ["a..b", "/a..b"],
    [`${"d".repeat(255)}`, `/${"d".repeat(255)}`],
  ])("%j is mounted at %j", (name, path) => {
    expect(placeOfName(name)).toEqual({ path });
  });

  test.each([
    ["..", /part "\.\."/],
    ["../etc", /part "\.\."/],
    ["a/../../etc", /part "\.\."/],
    [".", /part "\."/],
    ["/etc", /empty part/],
    ["/", /empty part/],
    ["a//b", /empty part/],
    ["a/", /empty part/],
    ["", /empty part/],
    ["etc", /\/etc is the system's/],
    ["usr/lib", /\/usr is the system's/],
    ["home", /\/home is the system's/],
    ["home/tc", /\/home\/tc is the system's/],
    ["home/captain", /\/home\/captain is the system's/],
    ["home/captain/src", /\/home is the system's/],
    ["root/src", /\/root is the system's/],
    ["proc", /\/proc is the system's/],
    ["a\nb", /can't be shown/],
    ["a\u001b[2J", /can't be shown/],
    ["\ufffd", /can't be shown/],
    ["x".repeat(256), /too long/],
    ["y/".repeat(600).slice(0, -1), /longer than 1024 bytes/],
  ])("%j is refused", (name, why) => {
    expect(placeOfName(name)).toEqual({ refusal: expect.stringMatching(why) });
  });
});
