import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { patienceMs } from "../vm/harness/patience.ts";
import { type Result, run } from "../vm/harness/run.ts";
import { type ClientRoot, type Uid, uids } from "./client-root.ts";

/** No step takes as long, unless it hangs: an emulated machine boots in a minute or two. */
const stepTimeoutMs = Math.max(patienceMs, 900_000);

/** How a command is run. */
export interface ShellOptions {
  input?: string | undefined;
  env?: Readonly<Record<string, string>>;
}

/** Podman's client on a host of its own, whose users run commands. */
export class Laboratory {
  private constructor(
    private readonly child: ChildProcess,
    private readonly pid: number,
    /** Consoles of machines, and their disks. */
    readonly out: string,
  ) {}

  /** @param images folders of the host that its users see: the built image, and a release of it (or an empty folder). */
  static async open(
    root: ClientRoot,
    images: { dist: string; release: string },
  ): Promise<Laboratory> {
    const out = await mkdtemp("/var/tmp/b2p-client-");
    const enter = path.join(import.meta.dirname, "enter.sh");
    const words = [
      "-mnpf",
      "--kill-child",
      "--propagation",
      "private",
      enter,
      root.folder,
      images.dist,
      images.release,
      out,
    ];
    const child = spawn("unshare", [...words, ...uids.map(String)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await new Promise<void>((resolve, reject) => {
      child.on("exit", () => reject(new Error("the client's namespaces could not be made")));
      child.stdout?.on("data", () => resolve());
    });
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
    return new Laboratory(child, Number(children.trim()), out);
  }

  /** A script of bash, as one of the host's users in his home folder. */
  shell(uid: Uid, script: string, { input, env = {} }: ShellOptions = {}): Promise<Result> {
    const home = `/home/u${uid}`;
    const words = Object.entries({
      HOME: home,
      USER: `u${uid}`,
      XDG_RUNTIME_DIR: `/run/user/${uid}`,
      PATH: "/opt/bin:/usr/bin:/bin:/usr/sbin:/sbin",
      LANG: "C.UTF-8",
      DOCKER_HOST: `unix:///run/user/${uid}/podman/box-api.sock`,
      ...env,
    }).map(([name, value]) => `${name}=${value}`);
    return run(
      [
        // The client gives up on a machine that doesn't answer it within 10 s: on a busy host it goes first.
        ...["nice", "-n", "-10"],
        ...["nsenter", "-t", String(this.pid), "-m", "-n", "-p", "-r"],
        ...["setpriv", "--reuid", String(uid), "--regid", String(uid), "--clear-groups"],
        ...["env", "-i", ...words, "bash", "-c", `cd; ${script}`],
      ],
      { timeoutMs: stepTimeoutMs, ...(input === undefined ? {} : { input }) },
    );
  }

  /** Ends all that runs in it. */
  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin?.end();
    await gone;
    await rm(this.out, { recursive: true, force: true });
  }
}
