import { expect, test } from "vitest";
import { parseTceLoad } from "./tce-load.ts";

test.each([
  ["-i jq", { isDownloaded: false, isLoaded: true, isOnboot: false }],
  ["-w jq", { isDownloaded: true, isLoaded: false, isOnboot: false }],
  ["-wi jq.tcz", { isDownloaded: true, isLoaded: true, isOnboot: true }],
  ["-w -i jq", { isDownloaded: true, isLoaded: true, isOnboot: true }],
  ["-wil jq", { isDownloaded: true, isLoaded: true, isOnboot: false }],
  ["-wo jq", { isDownloaded: true, isLoaded: false, isOnboot: false }],
  ["-l jq", { isDownloaded: false, isLoaded: true, isOnboot: false }],
  ["-ic jq", { isLoaded: true, isCopied: true }],
  ["-wicl jq", { isDownloaded: true, isLoaded: true, isCopied: true, isOnboot: false }],
  ["-wis /tmp/jq.tcz", { isQuiet: true, isOnboot: true }],
])("tce-load %s", (words, asked) => {
  expect(parseTceLoad(words.split(" "))).toMatchObject({ names: ["jq"], ...asked });
});

test.each(["jq", "-x jq", "-i", "", "-s jq"])("tce-load %s is no command", (words) => {
  expect(() => parseTceLoad(words.split(" ").filter(Boolean))).toThrow("expected tce-load");
});
