#!/usr/bin/env bun
/**
 * Stands in for QEMU in the tests of a machine's life: takes the same arguments, goes to the
 * background, writes the pid file, serves a monitor and says on the boot port that it is ready.
 * Words in -append make it misbehave:
 *   fake.deaf     ignores the power button
 *   fake.mute     never becomes ready
 *   fake.waits    becomes ready once its folder has a file "go"
 *   fake.panics   prints a panic, and goes on running
 *   fake.dies     ends before it is ready
 *   fake.broken   doesn't start
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";

const args = process.argv.slice(2);
const optionValue = (option: string) => args[args.indexOf(option) + 1] ?? "";
/** The descriptor of a log, which was handed over. */
const descriptorIn = (value = "") => Number(/\/dev\/fdset\/(\d+)/.exec(value)?.[1]);
const words = optionValue("-append").split(" ");
const pidFile = optionValue("-pidfile");
const monitorPath = optionValue("-qmp").replace(/^unix:([^,]*),.*$/, "$1");
const bootLog = descriptorIn(args.find((word) => word.startsWith("file,id=boot,")));
const consoleLog = descriptorIn(args.find((word) => word.includes("logfile=")));

if (args.includes("--version")) {
  console.log("QEMU emulator version 10.0.0");
} else if (!args.includes("-pidfile")) {
  // A trial of KVM, which this doesn't have.
  console.error("fake-qemu: no KVM here");
  process.exit(1);
} else if (process.env.FAKE_QEMU_BACKGROUND === undefined) {
  goToBackground();
} else {
  runMachine();
}

function goToBackground(): void {
  if (words.includes("fake.broken")) {
    console.error("qemu-system-x86_64: -machine pc: it is a fake");
    process.exit(1);
  }
  const child = spawn(process.execPath, process.argv.slice(1), {
    detached: true,
    stdio: ["ignore", "pipe", "ignore", consoleLog, bootLog],
    env: { ...process.env, FAKE_QEMU_BACKGROUND: "1" },
  });
  child.once("exit", () => {
    console.error("fake-qemu: the monitor is taken");
    process.exit(1);
  });
  child.stdout?.once("data", () => process.exit(0));
}

function runMachine(): void {
  writeFileSync(pidFile, `${process.pid}\n`);
  writeSync(consoleLog, "fake kernel\nfake login:\n");
  // One whose test is over, or whose place another took, would stay for ever.
  setInterval(endUnlessOwner, 500);
  const server = createServer(serve);
  server.maxConnections = 8;
  server.listen(monitorPath, () => {
    console.log("listening");
    setTimeout(boot, 50);
  });
}

function endUnlessOwner(): void {
  try {
    if (readFileSync(pidFile, "utf8").trim() !== String(process.pid)) {
      process.exit(0);
    }
  } catch {
    // Its folder is gone.
    process.exit(0);
  }
}

function boot(): void {
  if (words.includes("fake.panics")) {
    writeSync(consoleLog, "[ 1.0] Kernel panic - not syncing: fake\nmore\n");
    return;
  }
  if (words.includes("fake.dies")) {
    // Not before the launch has written down that it runs: on a busy host that takes a while.
    whenThere("process.json", end);
    return;
  }
  writeSync(bootLog, "stage cgroups ok 3\nhostkey ssh-ed25519 FAKE\n");
  if (words.includes("fake.waits")) {
    whenThere("go", () => writeSync(bootLog, "ready\n"));
  } else if (!words.includes("fake.mute")) {
    writeSync(bootLog, "ready\n");
  }
}

function whenThere(name: string, act: () => void): void {
  const look = setInterval(() => {
    if (existsSync(join(dirname(pidFile), name))) {
      clearInterval(look);
      act();
    }
  }, 50);
}

function serve(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
  socket.on("data", (data) => {
    for (const line of data.toString().trim().split("\n")) {
      const { execute, id }: { execute: string; id: string } = JSON.parse(line);
      const value = execute === "query-status" ? { status: "running" } : {};
      socket.write(`{"event": "FAKE"}\r\n${JSON.stringify({ return: value, id })}\r\n`);
      if (execute === "quit" || (execute === "system_powerdown" && !words.includes("fake.deaf"))) {
        setTimeout(end, 30);
      }
    }
  });
}

function end(): never {
  rmSync(monitorPath, { force: true });
  rmSync(pidFile, { force: true });
  process.exit(0);
}
