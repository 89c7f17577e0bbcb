import type { BlockDevice, Lock } from "./block-devices.ts";
import type { ListeningSocket, RequestHandler, Subscription } from "./events.ts";
import { FakeEvents } from "./fake-events.testing.ts";
import type { FakeNode } from "./fake-tree.testing.ts";
import type { Owner } from "./files.ts";
import type { Kernel } from "./kernel.ts";
import { KernelError } from "./kernel-error.ts";
import type { CpuidLeaf } from "./machine.ts";
import type { MountEntry, MountRequest, UnmountFlag } from "./mounts.ts";
import type { Child, RunOptions, RunResult, SpawnOptions } from "./processes.ts";

export interface FakeRun {
  argv: readonly string[];
  options: RunOptions | SpawnOptions;
}

type Answer =
  | Partial<RunResult>
  | ((argv: readonly string[], options: RunOptions) => Partial<RunResult>);

/** A system in memory for tests: see FakeFiles for files and faults. */
export class FakeKernel extends FakeEvents implements Kernel {
  /** Programs that were run or spawned, in order. */
  readonly runs: FakeRun[] = [];
  readonly consoleLines: string[] = [];
  readonly kernelLog: string[] = [];
  readonly signals: { pid: number; signal: string }[] = [];
  name = "(none)";
  machine = "x86_64";
  /** What the CPU answers, by leaf; without any there is no CPUID. */
  /** Whose process this is: root's, or another user's, who may not look at disks. */
  ownUid = 0;
  readonly cpuidLeaves = new Map<number, CpuidLeaf>();
  /** Contents of filesystems by what is mounted: "/dev/sda1" → its root folder. */
  readonly filesystems = new Map<string, FakeNode>();
  readonly #answers = new Map<string, Answer>();
  readonly #mounts: { request: MountRequest; node: FakeNode; target: string; type: string }[] = [];
  readonly #disks = new Map<string, { content: Uint8Array; held: boolean; locked: boolean }>();
  readonly #locks = new Set<string>();
  readonly #handlers = new Map<string, RequestHandler>();
  /** Who receives datagrams, by the socket's path. */
  readonly datagrams = new Map<string, (text: string) => void>();

  /**
   * What a program (by its basename) gives when it is run; defaults: status 0, nothing said. A program
   * without an answer can't be started (ENOENT).
   */
  onRun(program: string, answer: Answer = {}): this {
    this.#answers.set(program, answer);
    return this;
  }

  /** Puts a disk or partition at `path`; a held one refuses an exclusive opening with EBUSY. */
  addBlockDevice(path: string, content: Uint8Array, options: { held?: boolean } = {}): this {
    this.lay({ [path]: "" });
    const node = this.tree.get("addBlockDevice", path, false);
    node.kind = "block";
    node.nodeId = this.#disks.size + 0x800;
    this.#disks.set(path, { content: content.slice(), held: options.held ?? false, locked: false });
    return this;
  }

  /** What is on a disk now. */
  blockContent(path: string): Uint8Array {
    const disk = this.#disks.get(path);
    if (disk === undefined) {
      throw new KernelError("blockContent", path, "ENOENT");
    }
    return disk.content;
  }

  mount(request: MountRequest): void {
    const flags = request.flags ?? [];
    this.change("mount", request.target, request.source, request.type ?? flags.join(","));
    if (["private", "shared", "slave", "remount"].some((flag) => flags.some((f) => f === flag))) {
      this.tree.getFolder("mount", request.target);
      return;
    }
    const place = this.tree.find("mount", request.target, true);
    if (place.node === undefined) {
      throw new KernelError("mount", request.target, "ENOENT");
    }
    const moved = flags.includes("move") ? this.#detach(request.source) : undefined;
    const node = moved ?? this.#filesystem(request);
    if (place.name === ".") {
      this.tree.root = node;
    } else {
      place.node.mounted.push(node);
    }
    this.#mounts.push({ request, node, target: request.target, type: this.#typeOf(request, node) });
  }

  mountBeneath(source: string, target: string): void {
    this.change("mountBeneath", target, source);
    const place = this.tree.find("mountBeneath", target, true);
    const node = this.#filesystem({ source, target, flags: ["bind"] });
    place.node?.mounted.splice(-1, 0, node);
    const request = { source, target, flags: ["bind"] as const };
    const top = this.#mounts.findLastIndex((one) => one.target === target);
    this.#mounts.splice(top, 0, { request, node, target, type: this.#typeOf(request, node) });
  }

  /** A bind is of the type of what is bound. */
  #typeOf(request: MountRequest, node: FakeNode): string {
    return request.type ?? this.#mounts.find((one) => one.node === node)?.type ?? "";
  }

  unmount(target: string, flags: readonly UnmountFlag[] = []): void {
    this.change("unmount", target, ...flags);
    this.#detach(target);
  }

  mounts(): MountEntry[] {
    return this.#mounts.map(({ request, target, type }, index) => ({
      id: index + 2,
      parentId: 1,
      device: `0:${index + 2}`,
      root: "/",
      target,
      options: request.flags ?? [],
      propagation: [],
      type,
      source: request.source,
      superOptions: request.options?.split(",") ?? [],
    }));
  }

  openBlockDevice(path: string, access: "read" | "write" | "exclusive"): BlockDevice {
    this.enter("openBlockDevice", path);
    const disk = this.#disks.get(this.realpath(path));
    if (disk === undefined) {
      throw new KernelError("openBlockDevice", path, "ENOTBLK");
    }
    if (access === "exclusive" && disk.held) {
      throw new KernelError("openBlockDevice", path, "EBUSY");
    }
    let lockedByUs = false;
    return {
      path,
      get sizeBytes() {
        return disk.content.length;
      },
      read: (offsetBytes, lengthBytes) => {
        this.enter("readBlock", path);
        return disk.content.slice(offsetBytes, offsetBytes + lengthBytes);
      },
      write: (offsetBytes, content) => {
        this.change("writeBlock", path, `${offsetBytes}+${content.length}`);
        if (access === "read") {
          throw new KernelError("writeBlock", path, "EBADF");
        }
        if (offsetBytes + content.length > disk.content.length) {
          throw new KernelError("writeBlock", path, "ENOSPC");
        }
        disk.content.set(content, offsetBytes);
      },
      fsync: () => this.change("fsyncBlock", path),
      tryLock: () => {
        if (disk.locked && !lockedByUs) {
          return false;
        }
        disk.locked = true;
        lockedByUs = true;
        return true;
      },
      rereadPartitions: () => this.change("rereadPartitions", path),
      resizePartition: (number, _, sizeBytes) =>
        this.change("resizePartition", path, String(number), String(sizeBytes)),
      close: () => {
        if (lockedByUs) {
          disk.locked = false;
        }
      },
    };
  }

  changeLoopFile(device: string, path: string): void {
    this.change("changeLoopFile", device, path);
    const backing = `/sys/block/${device.slice("/dev/".length)}/loop/backing_file`;
    this.lay({ [backing]: `${path}\n` });
  }

  tryLock(path: string): Lock | undefined {
    this.enter("tryLock", path);
    if (this.#locks.has(path)) {
      return undefined;
    }
    this.#locks.add(path);
    return { release: () => this.#locks.delete(path) };
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const answer = this.#answer("run", argv, options);
    const given = typeof answer === "function" ? answer(argv, options) : answer;
    return { exitCode: 0, stdout: "", stderr: "", ...given };
  }

  spawn(argv: readonly string[], options: SpawnOptions = {}): Child {
    const answer = this.#answer("spawn", argv, options);
    const given = typeof answer === "function" ? answer(argv, {}) : answer;
    const pid = 1000 + this.runs.length;
    return {
      pid,
      exited: Promise.resolve(given.exitCode ?? 0),
      kill: (signal) => this.signals.push({ pid, signal }),
    };
  }

  signal(pid: number, signal: "SIGTERM" | "SIGKILL" | "SIGHUP" | "SIGUSR1"): boolean {
    this.signals.push({ pid, signal });
    return true;
  }

  answerRequests(path: string, handler: RequestHandler): Subscription {
    this.change("answerRequests", path);
    this.lay({ [path]: "" });
    this.tree.get("answerRequests", path, false).kind = "socket";
    this.#handlers.set(path, handler);
    return { close: () => this.#handlers.delete(path) };
  }

  async request(path: string, text: string): Promise<string> {
    const handler = this.#handlers.get(path);
    if (handler === undefined) {
      throw new KernelError("request", path, "ENOENT");
    }
    return await handler.answer(text);
  }

  receiveDatagrams(path: string, _: Owner, onMessage: (text: string) => void): Subscription {
    this.change("receiveDatagrams", path);
    this.datagrams.set(path, onMessage);
    return { close: () => this.datagrams.delete(path) };
  }

  listenUnix(path: string, mode: number): ListeningSocket {
    this.change("listenUnix", path);
    this.lay({ [path]: "" });
    const node = this.tree.get("listenUnix", path, false);
    node.kind = "socket";
    node.mode = mode;
    return { fd: 50, connection: () => new Promise(() => undefined), close: () => undefined };
  }

  uptimeMs(): number {
    return this.clockMs;
  }

  cpuTimeMs(): number {
    return this.cpuMs;
  }

  uid(): number {
    return this.ownUid;
  }

  pid(): number {
    return 77;
  }

  architecture(): string {
    return this.machine;
  }

  cpuid(leaf: number): CpuidLeaf | undefined {
    if (this.cpuidLeaves.size === 0) {
      return undefined;
    }
    return this.cpuidLeaves.get(leaf) ?? { eax: 0, ebx: 0, ecx: 0, edx: 0 };
  }

  hostname(): string {
    return this.name;
  }

  setHostname(name: string): void {
    this.change("setHostname", name);
    this.name = name;
  }

  setInterfaceUp(name: string): void {
    this.change("setInterfaceUp", name);
  }

  chroot(folder: string): void {
    this.change("chroot", folder);
    this.tree.root = this.tree.getFolder("chroot", folder);
  }

  swapOn(path: string, priority: number): void {
    this.change("swapOn", path, String(priority));
  }

  swapOff(path: string): void {
    this.change("swapOff", path);
  }

  limitOpenFiles(count: number): void {
    this.change("limitOpenFiles", "", String(count));
  }

  protectFromOom(): void {
    this.change("protectFromOom", "");
  }

  releaseMemory(): void {
    this.change("releaseMemory", "");
  }

  /** What the kernel itself has said; the test sets it. */
  messages = "";

  readKernelLog(): string {
    return this.messages;
  }

  tellConsole(line: string): void {
    this.consoleLines.push(line);
  }

  tellKernelLog(line: string): void {
    this.kernelLog.push(line);
  }

  #answer(operation: string, argv: readonly string[], options: RunOptions | SpawnOptions): Answer {
    const program = argv[0] ?? "";
    this.enter(operation, program);
    this.runs.push({ argv, options });
    const answer = this.#answers.get(program.slice(program.lastIndexOf("/") + 1));
    if (answer === undefined) {
      throw new KernelError(operation, program, "ENOENT");
    }
    return answer;
  }

  #filesystem(request: MountRequest): FakeNode {
    if (request.flags?.includes("bind")) {
      return this.tree.get("mount", request.source, true);
    }
    const fresh = this.tree.newNode("folder", 0o755);
    if (!request.source.startsWith("/")) {
      return fresh;
    }
    const existing = this.filesystems.get(request.source);
    if (existing === undefined) {
      this.filesystems.set(request.source, fresh);
    }
    return existing ?? fresh;
  }

  /** Takes the topmost mount off its target and gives its root. */
  #detach(target: string): FakeNode {
    const index = this.#mounts.findLastIndex((mounted) => mounted.target === target);
    const mounted = this.#mounts[index];
    if (mounted === undefined) {
      throw new KernelError("unmount", target, "EINVAL");
    }
    this.#mounts.splice(index, 1);
    const { parent, name } = this.tree.find("unmount", target, true);
    parent.children.get(name)?.mounted.pop();
    return mounted.node;
  }
}
