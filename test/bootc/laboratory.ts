import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { eventually } from "../vm/harness/eventually.ts";
import { type Result, run } from "../vm/harness/run.ts";
import { standInArchive, standInFolder, standInVirtiofsd } from "./stand-in.ts";

const root = path.resolve(import.meta.dirname, "../..");
const program = path.join(root, "machine/podman-machine");
/** Nothing here takes so long on a host that is eight times slower. */
const patienceMs = 4 * 3_600_000;

/** The stand-in of a bootc image. */
export const standIn = "localhost/stand-in:1";
/** Where the machine that builds has the extensions of this checkout. */
export const extensionsFolder = "/mnt/extensions";
/** With processors that are emulated in turn, a second one only costs. */
export const oneProcessor = ["--cpus", "1"];

/** How long something took until SSH answered. */
export interface Figure {
  readonly what: string;
  readonly seconds: number;
  /** Of this host, over the last minute: its programs that ran or wanted to. */
  readonly load: number;
}

/** A command that goes on while others run. */
export interface Going {
  readonly child: ChildProcess;
  /** All that it has printed. */
  said(): string;
  /** Waits until it has printed what fits so often. Throws when it ends before. */
  says(pattern: RegExp, times?: number): Promise<void>;
  /** Ends it, and waits for its end. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** A store of machines and a cache of disks of their own, with the stand-in in the podman of the machine "box". */
export class Laboratory {
  readonly cache: string;
  readonly figures: Figure[] = [];
  failed = 0;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(readonly folder: string) {
    this.cache = path.join(folder, "cache", "podman-bootc");
    this.#env = {
      ...process.env,
      PATH: `${path.join(folder, "bin")}:${process.env.PATH}`,
      HOME: folder,
      XDG_CACHE_HOME: path.join(folder, "cache"),
      MACHINE_STORAGE_PATH: path.join(folder, "store"),
      PODMAN_MACHINE_NAME: "",
    };
  }

  /** Makes the stand-in, unless it is there, and brings it into a new machine. */
  static async open(): Promise<Laboratory> {
    const archive = await standInArchive();
    const lab = new Laboratory(await mkdtemp(path.join(tmpdir(), "bootc-")));
    try {
      await standInVirtiofsd(archive, lab.folder);
      await lab.#import(archive);
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  /** Removes all of it. */
  async close(): Promise<void> {
    await this.bootc("rm", "--all", "--force");
    await this.machine("rm", "-y", "-f", "box");
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  /** The files and, as a layer of its own, what stands in for bootc. */
  async #import(archive: string): Promise<void> {
    // By a shared folder: over SSH the files would take ten times as long where processors are emulated.
    const created = await this.machine(
      ...["create", "--no-connection", "--memory", "1536"],
      ...["--volume", `${path.dirname(archive)}:/mnt/files:ro`],
      ...["--volume", `${standInFolder}:/mnt/os:ro`],
      ...["--volume", `${path.join(root, "dist-extensions")}:${extensionsFolder}:ro`, "box"],
    );
    if (created.exitCode !== 0) {
      throw new Error(`the machine that builds: ${told(created)}`);
    }
    const base = "localhost/stand-in:base";
    const file = `FROM ${base}\\nLABEL containers.bootc=1\\nCMD /sbin/init\\nCOPY bootc /usr/bin/bootc\\n`;
    const words = [
      `podman import -q /mnt/files/${path.basename(archive)} ${base}`,
      `printf '${file}' >/tmp/Containerfile`,
      `podman build -q -f /tmp/Containerfile -t ${standIn} /mnt/os`,
    ];
    const imported = await this.machine("ssh", "-l", "root", "box", words.join(" && "));
    this.check(imported.exitCode === 0, "the stand-in is in the machine's podman", told(imported));
  }

  check(holds: boolean, what: string, seen: string): void {
    console.log(`${holds ? "ok    " : "FAILED"} ${what}${holds ? "" : `:\n${seen}`}`);
    this.failed += holds ? 0 : 1;
  }

  machine(...words: string[]): Promise<Result> {
    return run([program, ...words], { env: this.#env, timeoutMs: patienceMs });
  }

  bootc(...words: string[]): Promise<Result> {
    return this.machine("bootc", ...words);
  }

  /** Starts a command as a process that can be killed, without a shell between. */
  going(...words: string[]): Going {
    const bun = path.join(root, "node_modules/.bin/bun");
    const script = path.join(root, "machine/podman-machine.ts");
    const child = spawn(bun, [script, "bootc", ...words], { env: this.#env });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => {
        said += text;
      });
    }
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    return {
      child,
      said: () => said,
      async says(pattern, times = 1) {
        const every = new RegExp(pattern.source, `${pattern.flags.replace("g", "")}g`);
        const count = async () => [...said.matchAll(every)].length;
        await eventually(count, (seen) => seen >= times || hasEnded(), patienceMs);
        if ((await count()) < times) {
          throw new Error(`bootc ${words.join(" ")} ended before it said ${pattern}:\n${said}`);
        }
      },
      async end(signal) {
        child.kill(signal);
        await ended;
      },
    };
  }

  /** In the machine that builds, as root. */
  async builds(script: string): Promise<string> {
    const result = await this.machine("ssh", "-l", "root", "box", script);
    if (result.exitCode !== 0) {
      throw new Error(`in the machine that builds: ${script}\n${result.stderr}`);
    }
    return result.stdout.trim();
  }

  /** Builds an image that differs from the stand-in in one file, /etc/edition. Returns its ID. */
  async buildEdition(name: string, edition: string): Promise<string> {
    const file = `printf 'FROM ${standIn}\\nRUN echo ${edition} >/etc/edition\\n' >/tmp/Containerfile`;
    await this.builds(`${file} && podman build -q -f /tmp/Containerfile -t ${name} /tmp`);
    return this.idOf(name);
  }

  idOf(name: string): Promise<string> {
    return this.builds(`podman image inspect -f '{{.Id}}' ${name}`);
  }

  placeOf(id: string): string {
    return path.join(this.cache, id);
  }

  /** Notes how long something took until SSH answered. */
  note(what: string, seconds: number): void {
    const load = loadavg()[0] ?? Number.NaN;
    this.figures.push({ what, seconds, load });
    console.log(
      `       ${what}: SSH after ${seconds.toFixed(1)} s (load of this host ${load.toFixed(1)})`,
    );
  }

  /** The same, as the command itself says it. */
  noteSaid(what: string, result: Result): void {
    const seconds = /answers on SSH, after ([\d.]+) s/.exec(result.stderr)?.[1];
    if (seconds === undefined) {
      this.check(false, `${what}: the time until SSH is said`, told(result));
    } else {
      this.note(what, Number(seconds));
    }
  }
}

/** All that is known of a command that ended. */
export function told(result: Result): string {
  return `status ${result.exitCode}\n${result.stdout}\n${result.stderr}`;
}
