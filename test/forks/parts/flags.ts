import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Laboratory, onlyThere } from "../laboratory.ts";

/** What `fork` can be told, and what is refused of forks. */
export async function forkFlags(laboratory: Laboratory): Promise<void> {
  const { machine, attempt, expectThat, folder, pidOf } = laboratory;
  const asRoot = (name: string, script: string) => machine("ssh", "-l", "root", name, script);
  const running = async (name: string) =>
    (await asRoot(name, "podman ps --format '{{.Names}}'")).trim();
  const keysOf = async (name: string) => {
    const lines = (await readFile(path.join(folder(name), "known_hosts"), "utf8")).trim();
    return lines.replaceAll(/^\S+ /gm, "").split("\n").sort().join("\n");
  };

  await asRoot("box", "podman run -d --name long localhost/busybox sleep 1000000");
  await machine("save", "--as", "busy", "box");
  await machine("fork", "busy", "goes-on");
  await machine("fork", "--stopped", "--same-keys", "busy", "stopped");
  const found = [await running("goes-on"), await running("stopped")];
  expectThat(
    found.join() === "long,",
    `containers go on in a fork, and are stopped with --stopped: ${JSON.stringify(found)}`,
  );
  const [box, same, other] = [
    await keysOf("box"),
    await keysOf("stopped"),
    await keysOf("goes-on"),
  ];
  const shown = await asRoot("stopped", "cat /etc/ssh/ssh_host_ed25519_key.pub; hostname");
  const [, key = "", name = ""] = /^ssh-ed25519 (\S+).*\n(.*)\n$/.exec(shown) ?? [];
  expectThat(
    box === same && box.includes(key) && key !== "" && name === "stopped",
    "with --same-keys a fork has the template's host keys, and a name of its own",
  );
  expectThat(
    other !== "" && !other.split("\n").some((line) => box.includes(line)),
    "without, it has none of them",
  );

  const refused = [
    [await attempt(["save", "goes-on"]), /as of a fork/],
    [await attempt(["save", "rm", "busy"]), /machines go on from it: goes-on, stopped/],
  ] as const;
  for (const [{ exitCode, stderr }, why] of refused) {
    expectThat(exitCode !== 0 && why.test(stderr), `refused: ${stderr.trim()}`);
  }
  await machine("rm", "-f", "-y", "goes-on", "stopped");

  await machine("fork", "--rm", "busy", "short");
  process.kill(await pidOf("short"), "SIGKILL");
  const left = await onlyThere(laboratory, "box");
  expectThat(left.length === 0, `a fork with --rm is gone when its QEMU is killed: ${left}`);
  await machine("save", "rm", "busy");
  await asRoot("box", "podman rm -f -t 0 long");
}
