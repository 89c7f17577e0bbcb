import { describe, expect, test } from "vitest";
import { UsageError } from "../command/command.ts";
import { FakeTerminal } from "../command/fake-terminal.testing.ts";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { readRecords } from "../record/stages/read-records.ts";
import { initHooksCommand } from "./command.ts";
import { skeleton } from "./new-root/plan-new-root.ts";

const call = (kernel: FakeKernel, ...words: string[]) =>
  initHooksCommand.run(words, kernel, new FakeTerminal());

function initramfs(commandLine: string): FakeKernel {
  return new FakeKernel().lay({
    "/proc/cmdline": commandLine,
    "/proc/meminfo": "MemAvailable: 819200 kB\n",
    "/sys": null,
    "/dev": null,
    "/usr/bin": null,
    [`${skeleton}/etc`]: null,
  });
}

describe("init-hooks early", () => {
  test("leaves a root with shut gates and a record", async () => {
    const kernel = initramfs("noembed");
    expect(await call(kernel, "early", "--new-root=/newroot")).toBe(0);
    kernel.chroot("/newroot");
    expect(kernel.stat("/run/boot2podman/gate/sshd")?.kind).toBe("fifo");
    expect(readRecords(kernel).records).toMatchObject([{ stage: "root", result: "ok" }]);
  });

  test("for embed does so in the root itself", async () => {
    const kernel = initramfs("embed");
    expect(await call(kernel, "early")).toBe(0);
    expect(kernel.exists("/run/boot2podman/root.json")).toBe(true);
    expect(kernel.exists("/newroot")).toBe(false);
  });
});

describe("init-hooks", () => {
  test.each([[[]], [["bot"]], [["boot", "now"]], [["early", "--newroot=/x"]]])(
    "refuses %j",
    async (words) => {
      await expect(call(new FakeKernel(), ...words)).rejects.toThrow(UsageError);
    },
  );

  test("options prints the table of boot options", async () => {
    const terminal = new FakeTerminal();
    expect(await initHooksCommand.run(["options"], new FakeKernel(), terminal)).toBe(0);
    expect(terminal.said.join()).toMatch(/^blacklist=MODULE/m);
  });
});
