import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { hostileOptions } from "../../../machine/client/hostile-options.testing.ts";

/**
 * The environment of a person whose home is in `store`: podman's connections, known_hosts and ssh's config
 * are that person's, and that config has for all hosts what people have there. ssh takes the home from the accounts rather than from HOME, so it is told by a wrapper.
 */
export async function personIn(store: string): Promise<NodeJS.ProcessEnv> {
  const home = path.join(store, "home");
  const bin = path.join(store, "bin");
  const ssh = path.join(home, ".ssh");
  await mkdir(ssh, { recursive: true, mode: 0o700 });
  await mkdir(bin);
  const hostile = hostileOptions.filter((option) => !option.includes("LocalForward"));
  const options = [`UserKnownHostsFile ${ssh}/known_hosts`, ...hostile];
  await writeFile(path.join(ssh, "config"), `Host *\n  ${options.join("\n  ")}\n`);
  await writeFile(path.join(store, "containers.conf"), "");
  for (const name of ["ssh", "sftp"]) {
    const wrapper = path.join(bin, `person-${name}`);
    await writeFile(wrapper, `#!/bin/sh\nexec /usr/bin/${name} -F ${ssh}/config "$@"\n`);
    await chmod(wrapper, 0o755);
  }
  return {
    ...process.env,
    MACHINE_STORAGE_PATH: store,
    HOME: home,
    CONTAINERS_CONF: path.join(store, "containers.conf"),
    PERSON_BIN: bin,
  };
}
