import { expect, test } from "vitest";
import { whereIgnition } from "./where.ts";

const ignitionUrl = "https://10.0.2.2/config.ign";
const ignitionSha256 = "a".repeat(64);
const onServer = { url: ignitionUrl, sha256: ignitionSha256 };
const neither = { ignitionUrl: undefined, ignitionSha256: undefined };

test.each([
  ["off", neither, "nowhere", undefined],
  ["qemu", neither, "here", undefined],
  ["off", { ignitionUrl, ignitionSha256 }, onServer, undefined],
  ["qemu", { ignitionUrl, ignitionSha256 }, onServer, undefined],
  ["off", { ...neither, ignitionUrl }, "nowhere", /^ignition\.config\.url=https:.*sha256=$/],
  ["qemu", { ...neither, ignitionUrl }, "here", /^ignition\.config\.url=https:.*sha256=$/],
  ["off", { ...neither, ignitionSha256 }, "nowhere", /^ignition\.config\.sha256= .*url=$/],
] as const)(
  "with ignition.platform.id=%s and %j a config is looked for: %j",
  (ignition, words, where, warning) => {
    const found = whereIgnition({ ignition, ...words });
    expect(found.where).toEqual(where);
    if (warning === undefined) {
      expect(found.warning).toBeUndefined();
    } else {
      expect(found.warning).toMatch(warning);
    }
  },
);
