import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { BuildError } from "../report/build-error.ts";
import { failure, runTool } from "./run-tool.ts";

describe("runTool", () => {
  it("returns what the tool printed", async () => {
    const { stdout } = await runTool("printf", ["%s", "a b"], { purpose: "print" });
    expect(stdout).toBe("a b");
  });

  it("feeds the input and hands the output over as it comes", async () => {
    let received = "";
    await runTool("cat", [], {
      purpose: "copy",
      input: Readable.from(["one ", "two"]),
      onOutput: async (stdout) => {
        for await (const chunk of stdout) {
          received += String(chunk);
        }
      },
    });
    expect(received).toBe("one two");
  });

  it("says in one line what was tried and why it failed", async () => {
    const run = runTool("sh", ["-c", "echo first >&2; echo 'E: no such thing' >&2; exit 3"], {
      purpose: "look for a thing",
    });
    await expect(run).rejects.toThrow(
      new BuildError("cannot look for a thing: sh ended with exit code 3: E: no such thing"),
    );
  });

  it("says which program is missing", async () => {
    const run = runTool("no-such-program-here", [], { purpose: "try" });
    await expect(run).rejects.toThrow(/cannot try: no-such-program-here not found/);
  });

  it("says which package brings a program that is missing", async () => {
    const run = runTool("depmod", [], { purpose: "try", env: { PATH: "/nonexistent" } });
    await expect(run).rejects.toThrow("depmod not found on this machine: install the package kmod");
  });

  it("kills a tool that passes its deadline", async () => {
    const run = runTool("sleep", ["60"], { purpose: "wait", deadlineMs: 50 });
    await expect(run).rejects.toThrow("cannot wait: sleep ended with killed by SIGTERM");
  });

  it("passes on the failure of whoever reads the output, instead of the tool's broken pipe", async () => {
    const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
    const run = runTool("yes", [], {
      purpose: "fill",
      onOutput: async (stdout) => {
        for await (const _ of stdout) {
          throw full;
        }
      },
    });
    await expect(run).rejects.toBe(full);
  });
});

describe("failure", () => {
  it("tells a full disk in words of its own", () => {
    expect(failure("depmod", "index", 1, "write: No space left on device")).toMatch(
      /^cannot index: the disk is full/,
    );
  });

  it("takes the last line when none looks like an error", () => {
    expect(failure("x", "y", 1, "hello\nbye\n")).toBe("cannot y: x ended with exit code 1: bye");
  });
});
