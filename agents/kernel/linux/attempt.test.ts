import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { expect, test } from "vitest";
import { KernelError } from "../kernel-error.ts";
import { attempt } from "./attempt.ts";

/** One more than the largest number that Linux gives to a process. */
const noProcess = 2 ** 22;

const refusals: Array<[string, string, () => unknown]> = [
  ["node:fs", "ENOENT", () => readFileSync("/no/such/file")],
  ["node:os", "ESRCH", () => setPriority(noProcess, 10)],
];
test.for(refusals)("an error of %s has the kernel's code %s", ([, code, call]) => {
  expect(() => attempt("try", "it", call)).toThrow(KernelError);
  expect(() => attempt("try", "it", call)).toThrow(expect.objectContaining({ code }));
});
