import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { silent } from "../../../image/report/progress.ts";
import { cacheOf } from "../../conformance/source/open-tests.ts";
import { fetchTools } from "../../conformance/source/tools.ts";
import { fetchVarlinkctl } from "../../conformance/source/varlinkctl.ts";
import { runOk } from "./run.ts";
import type { TestMachine } from "./test-machine.ts";

/** systemd's varlinkctl of Debian 13 on this host, whose ssh, of the same Debian, gets into a machine; gives what it prints. */
export async function varlinkctlInto(
  machine: TestMachine,
  folder: string,
): Promise<(...words: readonly string[]) => Promise<string>> {
  const cache = cacheOf(silent);
  const [own, tools] = [await fetchVarlinkctl(cache), await fetchTools(cache)];
  // This host's own libraries may be older.
  const triplet = readdirSync(`${own}/usr/lib`).find((name) => name.endsWith("-linux-gnu"));
  const lib = `${own}/usr/lib/${triplet}`;
  const loader = `${lib}/${readdirSync(lib).find((name) => name.startsWith("ld-linux"))}`;
  const libraries = [lib, `${lib}/systemd`, `${tools}/usr/lib/${triplet}`].join(":");
  const ssh = path.join(folder, "ssh-of-varlinkctl");
  const program = (file: string) => [loader, "--library-path", libraries, file];
  const words = [
    ...program(`${tools}/usr/bin/ssh`),
    // The connection of this host's own ssh is none for that.
    ...["-o", "ControlPath=none"],
    ...machine.sshArguments(),
  ];
  writeFileSync(ssh, `#!/bin/sh\nexec '${words.join("' '")}' "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, SYSTEMD_SSH: ssh };
  const varlinkctl = program(`${own}/usr/bin/varlinkctl`);
  return async (...asked) => await runOk([...varlinkctl, ...asked], { env });
}
