import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostileOptions } from "../../machine/client/hostile-options.testing.ts";
import { includedSshConfig } from "../../machine/client/ssh-config.ts";
import { sshArguments } from "../../machine/ssh/client.ts";
import { sshClientVersion } from "../../machine/ssh/client-version.ts";
import { run, runOk } from "../vm/harness/run.ts";
import { GuestSshd } from "./guest-sshd.ts";

const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)("this host's ssh and the image's sshd", () => {
  let sshd: GuestSshd;
  let folder: string;
  let config: string;

  beforeAll(async () => {
    // Nobody's name for a folder, but one that there can be.
    folder = await mkdtemp(path.join(tmpdir(), 'b2p 50%d "q" [x]-'));
    config = path.join(folder, "config");
    await runOk(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path.join(folder, "key")]);
    sshd = await GuestSshd.start(await readFile(path.join(folder, "key.pub"), "utf8"));
  });
  afterAll(async () => {
    await sshd?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const target = () => ({
    name: "box",
    user: "tc",
    host: "127.0.0.1",
    port: sshd.port,
    keyPath: path.join(folder, "key"),
    knownHostsPath: path.join(folder, "known_hosts"),
  });

  async function reached(more: string, ...destination: string[]) {
    const ours = includedSshConfig(target(), await sshClientVersion());
    await writeFile(config, `${ours}\n${more}`, { mode: 0o600 });
    return run(["ssh", "-F", config, ...destination, "id -un; cat"], { input: "through\n" });
  }

  it.each(hostileOptions)("a machine is reached where all hosts have %s", async (option) => {
    const hostile = `Host *\n  ${option}\n`;
    const found = await reached(hostile, "box.podman-machine");
    expect(found).toEqual({ exitCode: 0, stdout: "tc\nthrough\n", stderr: "" });
  });

  it("a machine is reached by its port where all hosts have all of that", async () => {
    const hostile = `Host *\n  ${hostileOptions.join("\n  ")}\n`;
    const asDocker = ["-l", "tc", "-p", String(sshd.port), "--", "127.0.0.1"];
    const found = await reached(hostile, ...asDocker);
    expect(found).toMatchObject({ exitCode: 0, stdout: "tc\nthrough\n" });
  });

  it("podman-machine's own ssh finds its key in a folder of an odd name", async () => {
    const found = await run(["ssh", ...sshArguments(target(), ["id", "-un"])]);
    expect(found).toEqual({ exitCode: 0, stdout: "tc\n", stderr: "" });
  });
});
