import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, copyFileSync, existsSync, openSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Arch } from "../../../image/recipe/recipe.ts";
import { defaultCommandLine } from "./artifacts.ts";
import { joinedInitrds } from "./joined-initrds.ts";
import { patienceMs } from "./patience.ts";
import { freePort } from "./ports.ts";
import { emulatedKernel } from "./pvh-kernel.ts";
import {
  type DiskOptions,
  dist,
  emulators,
  firmwareFiles,
  type QemuOptions,
  qemuArguments,
} from "./qemu.ts";
import { Monitor } from "./qmp.ts";
import { type Result, run } from "./run.ts";

/** What a test asks for; everything left out is the ordinary machine: 1 GiB, straight kernel boot, no disk. */
export interface MachineOptions {
  /** Folder of another built image, and its processor. */
  image?: { folder: string; arch: Arch };
  memoryMiB?: number;
  cpu?: string;
  cpus?: number;
  /** Words added to the image's default command line; `noembed` is taken out when `embed` is added. */
  append?: string;
  /** The whole command line, the kernel file and the initrd of another system. */
  commandLine?: string;
  kernel?: string;
  initrd?: string;
  /** Where /usr is when the kernel is started directly: on a disk, as podman-machine has it, or in the initrd. */
  usr?: "disk" | "ram";
  /** A kernel that is started directly is so by PVH, as podman-machine does; as a bzImage it decompresses itself. */
  startedBy?: "pvh" | "bzimage";
  boot?: "kernel" | "iso" | "disk";
  as?: "ide-cd" | "sata-dvd" | "usb-stick";
  firmware?: "bios" | "uefi" | "secure-boot";
  iso?: string;
  disks?: DiskOptions[];
  forwards?: Array<[number, number]>;
  /** No way from it to the host and beyond, as podman-machine's --network restricted. */
  isRestricted?: boolean;
  /** What a firmware finds that boots over the network: with `boot: "disk"`, and no disk that boots. */
  netboot?: QemuOptions["netboot"];
  extra?: string[];
  /** Private key for SSH; without it nobody can log in. */
  key?: string;
}

/** Other initrds, command lines and kernels are other systems, or bring a /usr of their own. */
function hasUsrDisk({ boot = "kernel", usr = "disk", initrd, kernel }: MachineOptions): boolean {
  return boot === "kernel" && usr === "disk" && initrd === undefined && kernel === undefined;
}

/** A virtual machine of the real image, as the tests drive it. */
export class TestMachine {
  process: ChildProcess | undefined;
  readonly console: string;
  /** How long the last boot took until sshd greeted: tells how busy the host is. */
  bootMs = 0;
  #poweredOnMs = 0;

  private constructor(
    readonly folder: string,
    readonly sshPort: number,
    readonly options: MachineOptions,
  ) {
    this.console = path.join(folder, "console.log");
  }

  /** Makes the machine's folder and picks its port; nothing runs yet. */
  static async create(options: MachineOptions = {}): Promise<TestMachine> {
    // Short, because a unix socket's path has at most 107 bytes.
    const folder = await mkdtemp(path.join(tmpdir(), "b2p-"));
    return new TestMachine(folder, await freePort(), options);
  }

  /** Makes a machine, starts it and waits for sshd. */
  static async start(options: MachineOptions = {}): Promise<TestMachine> {
    const machine = await TestMachine.create(options);
    try {
      await machine.powerOn();
      await machine.waitForSsh();
    } catch (error) {
      // Nobody would end it: the caller never gets it.
      await machine.remove();
      throw error;
    }
    return machine;
  }

  /** QEMU's arguments for this machine, with the serial console in a file or on stdio. */
  async arguments(serial: QemuOptions["serial"] = { file: this.console }): Promise<string[]> {
    const { options, folder } = this;
    return qemuArguments({
      arch: this.#arch,
      boot: await this.#boot(),
      memoryMiB: options.memoryMiB ?? 1024,
      disks: options.disks ?? [],
      ...(hasUsrDisk(options) ? { usrDisk: this.#artifact("boot2podman-usr.img") } : {}),
      sshPort: this.sshPort,
      qmp: path.join(folder, "qmp"),
      bootPort: path.join(folder, "boot"),
      agentPort: path.join(folder, "agent"),
      serial,
      ...(options.cpu ? { cpu: options.cpu } : {}),
      ...(options.cpus ? { cpus: options.cpus } : {}),
      ...(options.forwards ? { forwards: options.forwards } : {}),
      ...(options.isRestricted ? { isRestricted: true } : {}),
      ...(options.netboot ? { netboot: options.netboot } : {}),
      ...(options.extra ? { extra: options.extra } : {}),
    });
  }

  get #arch(): Arch {
    return this.options.image?.arch ?? "amd64";
  }

  #artifact(name: string): string {
    return path.join(this.options.image?.folder ?? dist, name);
  }

  async #boot(): Promise<QemuOptions["boot"]> {
    const { options } = this;
    if (options.boot === "disk" || options.boot === "iso") {
      const firmware = options.firmware ?? "bios";
      const iso = options.iso ?? this.#artifact("boot2podman.iso");
      const boot: QemuOptions["boot"] =
        options.boot === "disk"
          ? { by: "disk", firmware }
          : { by: "iso", as: options.as ?? "sata-dvd", firmware, iso };
      if (firmware === "bios") {
        return boot;
      }
      const variables = path.join(this.folder, "variables.fd");
      if (!existsSync(variables)) {
        copyFileSync(firmwareFiles(firmware, this.#arch).vars, variables);
      }
      return { ...boot, variables };
    }
    const isOnDisk = hasUsrDisk(options);
    const small = this.#artifact("corepure64.gz");
    const initrd = options.initrd ?? (isOnDisk ? small : await joinedInitrds());
    const { append: more = "", image } = options;
    const append = options.commandLine ?? (await defaultCommandLine(more, image?.folder));
    const file = options.kernel ?? this.#artifact("vmlinuz64");
    const isPvh = options.startedBy !== "bzimage" && this.#arch === "amd64";
    const kernel = isPvh ? await emulatedKernel(file) : file;
    return { by: "kernel", kernel, initrd, append };
  }

  /** Switches the machine on. */
  async powerOn(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const log = openSync(path.join(this.folder, "qemu.log"), "a");
    this.process = spawn(emulators[this.#arch].program, await this.arguments(), {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#poweredOnMs = Date.now();
    const started = this.process;
    started.on("error", (error) => writeFile(path.join(this.folder, "qemu.log"), error.message));
  }

  /** Everything the serial console has shown, and QEMU's own messages. */
  story(): string {
    const read = (name: string) => {
      const file = path.join(this.folder, name);
      return existsSync(file) ? readFileSync(file, "utf8") : "";
    };
    return `--- console\n${read("console.log").slice(-6000)}\n--- qemu\n${read("qemu.log")}`;
  }

  /**
   * Waits until sshd greets, as clients of this image do; throws with the console's text. QEMU takes every
   * connection at once, and one that was opened before the guest had its address may hang for seconds: so a
   * silent one is given up early. One at a time, since each costs the guest a process.
   */
  async waitForSsh(timeoutMs = patienceMs, greetingMs = 1_500): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (let patienceMs = greetingMs; !(await this.#greeted(patienceMs)); patienceMs += 50) {
      if (Date.now() > deadline) {
        throw new Error(`no SSH greeting within ${timeoutMs} ms\n${this.story()}`);
      }
      if (this.#isOff()) {
        throw new Error(`QEMU has ended\n${this.story()}`);
      }
      if (this.story().includes("Kernel panic")) {
        throw new Error(`the guest's kernel has given up\n${this.story()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.bootMs = Date.now() - this.#poweredOnMs;
  }

  /** One connection: closed without a word while nobody listens in the guest. */
  #greeted(patienceMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = createConnection(this.sshPort, "127.0.0.1");
      const end = (answer: boolean) => {
        socket.destroy();
        resolve(answer);
      };
      socket.setTimeout(patienceMs, () => end(false));
      socket.once("data", () => end(true));
      socket.once("error", () => end(false));
      socket.once("close", () => end(false));
    });
  }

  #isOff(): boolean {
    return !this.process || this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** The ssh program's words up to the user's name, for everything that goes over SSH. */
  sshArguments(): string[] {
    const { key } = this.options;
    return [
      ...[
        "-F",
        "/dev/null",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
      ],
      ...["-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "ConnectTimeout=240"],
      ...["-o", "ControlMaster=auto", "-o", `ControlPath=${this.folder}/%r`],
      ...["-o", "ControlPersist=60"],
      ...(key ? ["-o", "IdentitiesOnly=yes", "-i", key] : []),
      ...["-p", String(this.sshPort)],
    ];
  }

  /** Runs a command line in the guest as `user`; gives its exit status and output. */
  ssh(
    command: string,
    options: { user?: string; input?: string | Uint8Array; timeoutMs?: number } = {},
  ) {
    const argv = ["ssh", ...this.sshArguments(), `${options.user ?? "tc"}@127.0.0.1`, command];
    return run(argv, {
      ...(options.input === undefined ? {} : { input: options.input }),
      timeoutMs: options.timeoutMs ?? patienceMs,
    });
  }

  /** What sshd says to a user with that private key alone. */
  logIn(user: string, key: string): Promise<Result> {
    return run([
      ...["ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"],
      ...["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-i", key],
      ...["-p", String(this.sshPort), `${user}@127.0.0.1`, "id -un"],
    ]);
  }

  /** Ends the connections that later commands would share, so that the next one is a login of its own. */
  async closeSessions(): Promise<void> {
    for (const user of ["root", "tc"]) {
      await run(["ssh", ...this.sshArguments(), "-O", "exit", `${user}@127.0.0.1`]);
    }
  }

  /** Runs a command that must succeed; gives what it printed, without the last line end. */
  async guest(command: string, options: Parameters<TestMachine["ssh"]>[1] = {}): Promise<string> {
    const result: Result = await this.ssh(command, options);
    if (result.exitCode !== 0) {
      throw new Error(
        `in the guest: ${command}\nended with ${result.exitCode}\n${result.stdout}\n${result.stderr}`,
      );
    }
    return result.stdout.trimEnd();
  }

  /** The same as root. */
  root(command: string, options: Parameters<TestMachine["ssh"]>[1] = {}): Promise<string> {
    return this.guest(command, { ...options, user: "root" });
  }

  /** Connects to QEMU's monitor. */
  monitor(): Promise<Monitor> {
    return Monitor.connect(path.join(this.folder, "qmp"));
  }

  /** Waits until QEMU has ended; gives the milliseconds that it took. */
  async ended(timeoutMs = patienceMs): Promise<number> {
    const started = Date.now();
    const { process } = this;
    if (!process || this.#isOff()) {
      return 0;
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`QEMU still runs after ${timeoutMs} ms\n${this.story()}`)),
        timeoutMs,
      );
      process.once("exit", () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return Date.now() - started;
  }

  /** Presses the power button; gives the milliseconds until the machine was off. */
  async powerDown(timeoutMs = patienceMs): Promise<number> {
    const monitor = await this.monitor();
    await monitor.execute("system_powerdown");
    const took = await this.ended(timeoutMs);
    monitor.close();
    return took;
  }

  /** Restarts the machine by `how`; waits until sshd greets again. Gives the milliseconds until the old boot had ended. */
  async powersUpAgain(
    how: (monitor: Monitor) => Promise<unknown>,
    timeoutMs = patienceMs,
  ): Promise<number> {
    const monitor = await this.monitor();
    await how(monitor);
    const started = Date.now();
    const deadline = started + timeoutMs;
    while (!monitor.events.includes("RESET")) {
      if (Date.now() > deadline) {
        throw new Error(`no restart within ${timeoutMs} ms\n${this.story()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    this.#poweredOnMs = Date.now();
    const tookMs = this.#poweredOnMs - started;
    monitor.close();
    // The shared connection went with the old boot.
    for (const user of ["root", "tc", "captain"]) {
      await rm(path.join(this.folder, user), { force: true });
    }
    await this.waitForSsh(timeoutMs);
    return tookMs;
  }

  /** Pulls the plug. */
  async cutPower(): Promise<void> {
    this.process?.kill("SIGKILL");
    await this.ended(patienceMs);
  }

  /** Cuts the power and removes the machine's folder; when a test failed, its story is worth printing first. */
  async remove(): Promise<void> {
    await this.cutPower();
    await rm(this.folder, { recursive: true, force: true });
  }
}
