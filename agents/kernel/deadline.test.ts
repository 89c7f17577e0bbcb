import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { orLate } from "./deadline.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<string>(() => undefined);

test("gives the result, and leaves no timer behind", async () => {
  expect(await orLate(Promise.resolve("result"), 1_000, () => "late")).toBe("result");
  await expect(orLate(Promise.reject(new Error("no")), 1_000, () => "late")).rejects.toThrow("no");
  expect(vi.getTimerCount()).toBe(0);
});

test("gives or throws what is for the case that it comes too late", async () => {
  const answer = orLate(never, 1_000, () => "late");
  const refusal = expect(
    orLate(never, 1_000, () => {
      throw new Error("too late");
    }),
  ).rejects.toThrow("too late");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await answer).toBe("late");
  await refusal;
});
