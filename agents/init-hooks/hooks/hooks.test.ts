import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { startHook, withProfile } from "./run-hook.ts";
import { bootlocalStage, bootsyncStage } from "./stages.ts";

const path = "/var/lib/boot2podman/bootsync.sh";

function context(kernel: FakeKernel) {
  return { kernel, options: defaultBootOptions, notes: { observed: null, plan: null, done: [] } };
}

describe("startHook", () => {
  test("runs an executable file itself and gives another one to sh", () => {
    const kernel = new FakeKernel()
      .onRun("sh")
      .onRun("bootsync.sh")
      .lay({ [path]: "echo\n" });
    startHook(kernel, "bootsync");
    kernel.chmod(path, 0o755);
    startHook(kernel, "bootsync");
    expect(kernel.runs.map((run) => run.argv)).toEqual([["/bin/sh", path], [path]]);
  });

  test("keeps what the hook says in a log beside it", () => {
    const kernel = new FakeKernel().onRun("sh").lay({ [path]: "echo\n" });
    startHook(kernel, "bootsync");
    expect(kernel.runs[0]?.options).toEqual({ logPath: "/var/lib/boot2podman/log/bootsync.log" });
    expect(kernel.exists("/var/lib/boot2podman/log")).toBe(true);
  });

  test("begins with its name and the time in the log, and keeps that below a megabyte", () => {
    const log = "/var/lib/boot2podman/log/bootsync.log";
    const kernel = new FakeKernel().onRun("sh").lay({ [path]: "", [log]: "x".repeat(2_000_000) });
    startHook(kernel, "bootsync");
    expect(kernel.readText(log)).toMatch(/^=== 2023-\S+Z bootsync\.sh\n$/);
    expect(kernel.stat(`${log}.1`)?.sizeBytes).toBe(1024 * 1024);
  });

  test("sources the profile before it, unless that is no shell script", () => {
    const profile = "/var/lib/boot2podman/profile";
    const kernel = new FakeKernel().onRun("sh").lay({ [path]: "", [profile]: "" });
    startHook(kernel, "bootsync");
    const argv = kernel.runs[0]?.argv ?? [];
    expect(argv.slice(0, 2)).toEqual(["/bin/sh", "-c"]);
    expect(argv.slice(3)).toEqual(["sh", profile, "/bin/sh", path]);
  });

  test.each([
    ["export A=1; B=2", "1", ""],
    ["export A=1; if", "", "unexpected"],
    ["exit 3", "", ""],
  ])("a profile of %j gives A=%s to the hook", (text, a, warning) => {
    const folder = mkdtempSync(join(tmpdir(), "profile-"));
    writeFileSync(join(folder, "profile"), text);
    const hook = ["sh", "-c", 'echo "$A"; echo ran'];
    const words = ["-c", withProfile, "sh", join(folder, "profile"), ...hook];
    const { status, stdout, stderr } = spawnSync("sh", words, {
      encoding: "utf8",
      env: { PATH: "/bin:/usr/bin" },
    });
    rmSync(folder, { recursive: true });
    expect(stderr).toContain(warning);
    if (text.startsWith("exit")) {
      expect(status).toBe(3);
    } else {
      expect(stdout).toBe(`${a}\nran\n`);
    }
  });

  const imageProfile = readFileSync(
    join(import.meta.dirname, "../../../image/tree/etc/profile"),
    "utf8",
  );
  const odd: Record<string, (path: string) => void> = {
    "a fifo": (at) => spawnSync("mkfifo", [at]),
    "a folder": (at) => mkdirSync(at),
    "a link to a fifo": (at) => {
      spawnSync("mkfifo", [`${at}.fifo`]);
      symlinkSync(`${at}.fifo`, at);
    },
    "a link into /proc": (at) => symlinkSync("/proc/kmsg", at),
    "a file of a terabyte": (at) => {
      writeFileSync(at, "");
      truncateSync(at, 2 ** 40);
    },
  };
  test.each(Object.keys(odd))("a profile that is %s holds neither hooks nor logins", (kind) => {
    const folder = mkdtempSync(join(tmpdir(), "profile-"));
    const profile = join(folder, "profile");
    odd[kind]?.(profile);
    const login = imageProfile.replace("/var/lib/boot2podman/profile", profile);
    const env = { PATH: "/bin:/usr/bin" };
    const options = { encoding: "utf8", env, timeout: 60_000 } as const;
    const hook = spawnSync("sh", ["-c", withProfile, "sh", profile, "echo", "ran"], options);
    const shell = spawnSync("bash", ["--norc", "-c", `${login}\necho ran`], options);
    rmSync(folder, { recursive: true });
    expect([hook.stdout, shell.stdout]).toEqual(["ran\n", "ran\n"]);
    expect(hook.stderr + shell.stderr).toBe("");
  });

  test("the profile that a login reads is the one that hooks read", () => {
    expect(imageProfile).toContain("/var/lib/boot2podman/profile\n");
    const folder = mkdtempSync(join(tmpdir(), "profile-"));
    writeFileSync(join(folder, "profile"), "A=read");
    const login = imageProfile.replace("/var/lib/boot2podman/profile", join(folder, "profile"));
    const { stdout } = spawnSync("bash", ["--norc", "-c", `${login}\necho $A`], {
      encoding: "utf8",
    });
    rmSync(folder, { recursive: true });
    expect(stdout).toBe("read\n");
  });

  test("starts nothing where there is no file", () => {
    const kernel = new FakeKernel();
    expect(startHook(kernel, "shutdown")).toBeUndefined();
    expect(kernel.exists("/var/lib/boot2podman/log")).toBe(false);
  });

  test("starts nothing while no script of the data disk may run", () => {
    const kernel = new FakeKernel().lay({ [path]: "", "/run/boot2podman/no-hooks": "" });
    expect(startHook(kernel, "bootsync")).toBeUndefined();
    expect(kernel.runs).toEqual([]);
  });
});

describe("bootsync", () => {
  test("is skipped without a hook, and done when it ended well", async () => {
    expect((await bootsyncStage.run(context(new FakeKernel()))).result).toBe("skipped");
    const kernel = new FakeKernel().onRun("sh").lay({ [path]: "" });
    expect((await bootsyncStage.run(context(kernel))).result).toBe("ok");
  });

  test("fails with the status and where to look", async () => {
    const kernel = new FakeKernel().onRun("sh", { exitCode: 3 }).lay({ [path]: "" });
    await expect(bootsyncStage.run(context(kernel))).rejects.toThrow(
      "bootsync.sh ended with 3: see /var/lib/boot2podman/log/bootsync.log",
    );
  });
});

test("bootlocal is started after bootsync and isn't waited for", async () => {
  const kernel = new FakeKernel().onRun("sh").lay({ "/var/lib/boot2podman/bootlocal.sh": "" });
  expect(bootlocalStage.needs).toContain("bootsync");
  const outcome = await bootlocalStage.run(context(kernel));
  expect(outcome).toEqual({ result: "ok", message: "bootlocal.sh started as process 1001" });
});

test("bootlocal that fails later is said on the console", async () => {
  const kernel = new FakeKernel()
    .onRun("sh", { exitCode: 9 })
    .lay({ "/var/lib/boot2podman/bootlocal.sh": "" });
  await bootlocalStage.run(context(kernel));
  await Promise.resolve();
  expect(kernel.consoleLines).toEqual([
    "bootlocal.sh ended with 9: see /var/lib/boot2podman/log/bootlocal.log",
  ]);
});
