import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { patienceMs } from "./patience.ts";
import { freePort } from "./ports.ts";
import { runOk } from "./run.ts";

const cache = path.resolve(import.meta.dirname, "../../../.cache/docker-registry");

/** Debian's docker-registry, taken from its package without installing it: an installed one would be started as a service. */
async function registryProgram(): Promise<string> {
  const program = path.join(cache, "usr/bin/docker-registry");
  if (existsSync(program)) {
    return program;
  }
  const fresh = `${cache}.${process.pid}`;
  await mkdir(fresh, { recursive: true, mode: 0o777 });
  await runOk(["apt-get", "-q", "download", "docker-registry"], { cwd: fresh });
  const [archive = ""] = await readdir(fresh);
  await runOk(["dpkg-deb", "-x", path.join(fresh, archive), fresh]);
  await rm(cache, { recursive: true, force: true });
  await rename(fresh, cache);
  return program;
}

/** A registry on this machine's loopback, empty at first. */
export class Registry {
  private constructor(
    readonly port: number,
    readonly folder: string,
    readonly process: ChildProcess,
  ) {}

  /** Starts it and waits until it answers. */
  static async start(): Promise<Registry> {
    const folder = await mkdtemp(path.join(tmpdir(), "b2p-registry-"));
    const port = await freePort();
    const config = path.join(folder, "config.yml");
    await writeFile(
      config,
      `version: 0.1\nlog: { level: warn }\nstorage: { filesystem: { rootdirectory: ${folder}/data } }\nhttp: { addr: "127.0.0.1:${port}" }\n`,
    );
    const child = spawn(await registryProgram(), ["serve", config], { stdio: "ignore" });
    const registry = new Registry(port, folder, child);
    await registry.#answers();
    return registry;
  }

  async #answers(): Promise<void> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      // Refused until it listens.
      const answer = await fetch(`http://127.0.0.1:${this.port}/v2/`).catch(() => undefined);
      if (answer?.ok) {
        return;
      }
      if (Date.now() > deadline) {
        throw new Error(`the registry on port ${this.port} never answered`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    this.process.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
