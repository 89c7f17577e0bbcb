import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import type { Registry } from "../../vm/harness/registry.ts";
import { inSeconds, type Laboratory, onlyThere, timed } from "../laboratory.ts";

const listed = z.array(z.looseObject({ name: z.string(), isCache: z.boolean() }));

/** `run` of an image without a template: it makes one, keeps it, and uses it again. */
export async function runMakes(laboratory: Laboratory, registry: Registry): Promise<void> {
  const { attempt, expectThat, machine } = laboratory;
  await allowPlainHttp(laboratory, registry);
  const image = `10.0.2.2:${registry.port}/busybox`;
  await machine(
    ...["ssh", "-l", "root", "box"],
    `podman push -q --tls-verify=false localhost/busybox ${image}`,
  );
  const kept = async () => {
    const all = listed.parse(JSON.parse(await machine("save", "ls", "--json")));
    return all.filter(({ isCache }) => isCache).map(({ name }) => name);
  };
  const words = [image, "sh", "-c", "cat; exit 3"];
  const first = await timed(() => attempt(["run", ...words], "one"));
  const [made = ""] = await kept();
  expectThat(
    first.value.exitCode === 3 && first.value.stdout === "one" && /^run-busybox-/.test(made),
    `run makes a template by itself (${inSeconds(first.seconds)}): ${made} ${JSON.stringify(first.value)}`,
  );
  await registry.stop();
  const second = await timed(() => attempt(["run", ...words], "two"));
  expectThat(
    second.value.exitCode === 3 && second.value.stdout === "two" && second.value.stderr === "",
    `run of the same image takes the kept one, without a registry (${inSeconds(second.seconds)}): ${JSON.stringify(second.value)}`,
  );
  const other = await attempt(["run", "--memory", "768", ...words], "");
  expectThat(
    other.exitCode !== 0 && /could not be pulled/.test(other.stderr),
    `one of another size is made anew, and it is said that there is no registry: ${other.stderr.trim()}`,
  );
  expectThat((await kept()).join() === made, `kept is only what was made: ${await kept()}`);
  const left = await onlyThere(laboratory, "box");
  expectThat(left.length === 0, `none of these machines is left: ${left}`);
}

/** The registry has no certificate that a guest would know: before a machine pulls, it is told so. */
async function allowPlainHttp({ env, store }: Laboratory, { port }: Registry): Promise<void> {
  const folder = path.join(path.dirname(store), "bin");
  await mkdir(folder);
  // For printf, in quotes of two shells.
  const settings = `[[registry]]\\nlocation = \\"10.0.2.2:${port}\\"\\ninsecure = true\\n`;
  const place = "/etc/containers/registries.conf.d";
  const ssh = path.join(folder, "ssh");
  await writeFile(
    ssh,
    [
      "#!/bin/bash",
      `PATH=${env.PATH}`,
      'case "$*" in',
      `*"podman pull"*) ssh "\${@:1:$#-1}" "mkdir -p ${place}; printf '${settings}' >${place}/test.conf" ;;`,
      "esac",
      'exec ssh "$@"',
      "",
    ].join("\n"),
  );
  await chmod(ssh, 0o755);
  env.PATH = `${folder}:${env.PATH}`;
}
