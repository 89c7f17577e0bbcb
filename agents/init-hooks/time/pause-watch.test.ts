import { expect, test } from "vitest";
import { openPauseWatch } from "./pause-watch.ts";

const startMs = 1_700_000_000_000;

test("a pause right after the clock was put right is noticed", () => {
  const watch = openPauseWatch();
  expect(watch.look(startMs, startMs - 40_000)).toBeUndefined();
  watch.stepped(40_000);
  expect(watch.look(startMs + 7_000, startMs + 1_000)).toBe(6_000);
});

test("putting the clock right is no pause itself, in either direction", () => {
  for (const byMs of [-5_000, 5_000]) {
    const watch = openPauseWatch();
    watch.look(startMs, startMs - byMs);
    watch.stepped(byMs);
    expect(watch.look(startMs + 1_000, startMs + 1_000)).toBeUndefined();
  }
});

test("a hardware clock that is set by ours after a correction is no pause, later it is one", () => {
  const watch = openPauseWatch();
  watch.look(startMs, startMs);
  watch.stepped(2_000);
  expect(watch.look(startMs + 1_000, startMs + 3_000)).toBeUndefined();
  expect(watch.look(startMs + 4_000, startMs + 4_000)).toBeUndefined();
  for (let look = 0; look < 10; look += 1) {
    watch.look(startMs, startMs);
  }
  expect(watch.look(startMs + 1_400, startMs)).toBe(1_400);
});
