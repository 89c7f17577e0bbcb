import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findProgram } from "../../program/find.ts";
import { runProgram } from "../../program/run.ts";
import { acceleratorArguments } from "./accelerator.ts";
import { architectureOf } from "./architecture.ts";
import { amd64Payload, arm64Payload } from "./probe-payload.ts";

test("the amd64 payload lies where the processor starts", () => {
  const rom = amd64Payload.bytes();
  expect(rom.length).toBe(65_536);
  expect(rom.subarray(0xfff0, 0xfff7).toString("hex")).toBe("b010e6f4f4ebfd");
  expect(amd64Payload.exitCode).toBe(33);
});

test("the arm64 payload is four instructions", () => {
  expect(arm64Payload.bytes().toString("hex")).toBe("0080b05200018072020000d400000014");
});

test("a comma in the arm64 payload's path is no end of an option", () => {
  expect(arm64Payload.argumentsFor("/a,b").at(-1)).toBe(
    "loader,file=/a,,b,addr=0x40200000,cpu-num=0",
  );
});

/** An emulator of another processor than the host's is seldom installed. */
const isInstalled = (program: string) =>
  findProgram(program).then(
    () => true,
    () => false,
  );

test.for([
  ["amd64", amd64Payload],
  ["arm64", arm64Payload],
] as const)(
  "QEMU runs the %s payload and exits with its status",
  async ([image, payload], { skip }) => {
    const { program, hostArch } = architectureOf(image);
    if (process.arch !== hostArch && !(await isInstalled(program))) {
      return skip(`there is no ${program} here`);
    }
    const folder = await mkdtemp(join(tmpdir(), "payload-"));
    try {
      const path = join(folder, "payload");
      await writeFile(path, payload.bytes());
      const result = await runProgram(
        program,
        [
          ...["-nodefaults", "-no-user-config", "-display", "none"],
          ...acceleratorArguments("tcg", "max"),
          ...payload.argumentsFor(path),
        ],
        { timeoutMs: 60_000 },
      );
      expect(result.stderr).toBe("");
      expect(result.exitCode).toBe(payload.exitCode);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
