import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { automountStage } from "../automount/stage.ts";
import { openSettings } from "../settings/settings.ts";
import { bringKeysLate, sshkeysStage } from "../sshkeys/stage.ts";
import { settingsStage } from "./settings/stage.ts";

const service = new URL("../../image/tree/usr/lib/boot2podman/service", import.meta.url);

test("a disk that is checked for hours leaves the boot time to let sshd go before its gate gives up", () => {
  const [, gateSeconds] = /timeout (\d+) cat "\$gate"/.exec(readFileSync(service, "utf8")) ?? [];
  const settings = settingsStage(openSettings("").settings, () => undefined);
  const inTurn = [automountStage(bringKeysLate), settings, sshkeysStage].map(
    ({ deadlineMs }) => deadlineMs,
  );
  const longestMs = inTurn.reduce((sum, one) => sum + one, 0);
  // The service starts a few seconds before the first of them.
  expect(longestMs + 10_000).toBeLessThan(Number(gateSeconds) * 1000);
});
