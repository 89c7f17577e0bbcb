#!/usr/bin/env bun
/**
 * Stands in for QEMU in the tests of a machine's life: takes the same arguments, writes the pid
 * file, serves a monitor and says on the boot port that it is ready.
 * Words in -append make it misbehave:
 *   fake.deaf     ignores the power button
 *   fake.mute     never becomes ready
 *   fake.waits    becomes ready once its folder has a file "go"
 *   fake.disk=X   the result of its search for the data disk: ok, failed or skipped
 *   fake.panics   prints a panic, and goes on running
 *   fake.dies     ends before it is ready
 *   fake.broken   doesn't start
 * A file "stall" there names an order or a monitor's command that it doesn't answer, once. What it was told on its control
 * port is in a file "orders". FAKE_STALL in its environment does the same as such a file.
 * A file "held" in its folder puts it in another state of QEMU's, until it is told to go on.
 */
import {
  appendFileSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";

const args = process.argv.slice(2);
const optionValue = (option: string) => args[args.indexOf(option) + 1] ?? "";
/** The descriptor of a log, which was handed over. */
const descriptorIn = (value = "") => Number(/\/dev\/fdset\/(\d+)/.exec(value)?.[1]);
const words = optionValue("-append").split(" ");
const pidFile = optionValue("-pidfile");
const heldFile = join(dirname(pidFile), "held");
/** A path in an option, in which commas are doubled. */
const pathIn = (option: string, start: RegExp): string | undefined =>
  new RegExp(`${start.source}((?:[^,]|,,)*)`).exec(option)?.[1]?.replaceAll(",,", ",");
const monitorPath = pathIn(optionValue("-qmp"), /^unix:/) ?? "";
const bootLog = descriptorIn(args.find((word) => word.startsWith("file,id=boot,")));
const consoleLog = descriptorIn(args.find((word) => word.includes("logfile=")));

if (args.includes("--version")) {
  console.log("QEMU emulator version 10.0.0");
} else if (!args.includes("-pidfile")) {
  // A trial of KVM, which this doesn't have.
  console.error("fake-qemu: no KVM here");
  process.exit(1);
} else if (words.includes("fake.broken")) {
  console.error("qemu-system-x86_64: -machine pc: it is a fake");
  process.exit(1);
} else {
  runMachine();
}

/** What the disk's writes go to, and whether there is a balloon. */
let topNode = "data";
let hasBalloon = true;

function runMachine(): void {
  writeFileSync(pidFile, `${process.pid}\n`);
  const folder = dirname(pidFile);
  const options = args.find((word) => word.startsWith("socket,id=control,")) ?? "";
  const control = pathIn(options, /^socket,id=control,path=/);
  if (control !== undefined) {
    // As QEMU does: what a killed one left stays there.
    rmSync(control, { force: true });
    createServer(serveControl).listen(control);
  }
  if (args.some((word) => /^memory-backend-(memfd|file),share=on/.test(word))) {
    const memory = join(folder, "memory-backend-memfd");
    writeFileSync(memory, "memory of the guest");
    // Found by its name among what is open.
    openSync(memory, "r");
  }
  if (args.includes("-incoming")) {
    writeFileSync(heldFile, "inmigrate");
  }
  if (process.env.FAKE_STALL !== undefined) {
    writeFileSync(join(folder, "stall"), process.env.FAKE_STALL);
  }
  writeSync(consoleLog, "fake kernel\nfake login:\n");
  // One whose test is over, or whose place another took, would stay for ever.
  setInterval(endUnlessOwner, 500);
  const server = createServer(serve);
  server.maxConnections = 8;
  server.listen(monitorPath, () => {
    if (!args.includes("-incoming")) {
      setTimeout(boot, 50);
    }
  });
}

/** Whether it is to be ignored, which it is once. */
function stalls(what: string): boolean {
  const path = join(dirname(pidFile), "stall");
  if (!existsSync(path) || readFileSync(path, "utf8").trim() !== what) {
    return false;
  }
  rmSync(path);
  writeFileSync(join(dirname(pidFile), "stalled"), what);
  return true;
}

/** The guest's script: each order is answered when all that belongs to it has come. */
function serveControl(socket: Socket): void {
  let text = "";
  socket.on("error", () => undefined);
  socket.setEncoding("latin1");
  socket.on("data", (part: string) => {
    text += part;
    for (;;) {
      const end = text.indexOf("\n");
      const [order = "", value] = text.slice(0, Math.max(0, end)).split(" ");
      const more = order === "new" ? Number(value) : 0;
      if (end < 0 || text.length < end + 1 + more) {
        return;
      }
      text = text.slice(end + 1 + more);
      appendFileSync(join(dirname(pidFile), "orders"), `${order}\n`);
      if (!stalls(order)) {
        socket.write(`${order === "quiesce" ? "quiet" : order}\n`);
      }
    }
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
  if (Number.isNaN(bootLog)) {
    // A machine of a bootc image, which has no such port.
    return;
  }
  writeSync(bootLog, "stage cgroups ok 3\nhostkey ssh-ed25519 FAKE\n");
  if (words.includes("fake.waits")) {
    whenThere("go", sayReady);
  } else if (!words.includes("fake.mute")) {
    sayReady();
  }
}

function sayReady(): void {
  const diskResult = words.find((word) => word.startsWith("fake.disk="))?.slice(10) ?? "ok";
  writeSync(bootLog, `stage automount ${diskResult} 5\nready\n`);
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
      const request: Request = JSON.parse(line);
      const { execute, id } = request;
      if (stalls(execute)) {
        continue;
      }
      if (execute === "cont" || execute === "system_wakeup") {
        rmSync(heldFile, { force: true });
      }
      if (execute === "query-balloon" && !hasBalloon) {
        socket.write(
          `${JSON.stringify({ error: { class: "GenericError", desc: "none" }, id })}\r\n`,
        );
        continue;
      }
      const value = answerTo(request, (event, data) =>
        socket.write(`${JSON.stringify({ event, data })}\r\n`),
      );
      socket.write(`{"event": "FAKE"}\r\n${JSON.stringify({ return: value, id })}\r\n`);
      if (execute === "quit" || (execute === "system_powerdown" && !words.includes("fake.deaf"))) {
        setTimeout(end, 30);
      }
    }
  });
}

interface Request {
  execute: string;
  id: string;
  arguments?: Record<string, string>;
}

/** A file "held" in its folder has the state that it is in, and why: "io-error nospace". */
function answerTo(
  { execute: command, arguments: given = {} }: Request,
  tell: (event: string, data: unknown) => void,
): unknown {
  const [status = "running", trouble = "ok"] = existsSync(heldFile)
    ? readFileSync(heldFile, "utf8").split(" ")
    : [];
  switch (command) {
    case "query-status":
      return { status };
    case "query-block":
      return [{ device: "", "io-status": trouble, inserted: { "node-name": topNode, ro: false } }];
    case "query-migrate":
      return { status: "completed" };
    case "stop":
      writeFileSync(heldFile, "paused");
      return {};
    case "blockdev-snapshot":
      topNode = given.overlay ?? "";
      return {};
    case "migrate":
      connect((given.uri ?? "").replace("unix:", "")).end("state of the devices");
      writeFileSync(heldFile, "postmigrate");
      setTimeout(() => tell("MIGRATION", { status: "completed" }), 20);
      return {};
    case "migrate-incoming":
      writeFileSync(heldFile, "paused");
      return {};
    case "device_del":
      hasBalloon = false;
      setTimeout(() => tell("DEVICE_DELETED", { device: given.id }), 20);
      return {};
    case "device_add":
      hasBalloon ||= given.driver?.startsWith("virtio-balloon") ?? false;
      appendFileSync(join(dirname(pidFile), "plugged"), `${given.driver} ${given.mount_tag}\n`);
      return {};
    default:
      return {};
  }
}

function end(): never {
  rmSync(heldFile, { force: true });
  rmSync(monitorPath, { force: true });
  rmSync(pidFile, { force: true });
  process.exit(0);
}
