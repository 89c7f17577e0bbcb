import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { hashOf } from "../../../image/cache/build-step.ts";
import { replaceFolder } from "../../../image/cache/replace-folder.ts";
import { runTool } from "../../../image/tool/run-tool.ts";
import type { Cache } from "./fetched-tests.ts";
import { unpackPackages } from "./package-tree.ts";
import { readPackages } from "./packages.ts";

/** Changes when the system is laid out otherwise. */
const layout = 2;

/**
 * A folder with system.tar: Debian with systemd as PID 1, with a service of its own that answers on port 80. Its
 * packages' scripts never ran, so that systemd itself makes the accounts and folders, as on any first boot.
 */
export async function makeSystemdSystem(cache: Cache): Promise<string> {
  const { systemd } = readPackages();
  const key = hashOf([systemd, cache.arch, layout]).slice(0, 16);
  const folder = path.join(cache.folder, "conformance", `systemd-${key}`);
  if (existsSync(folder)) {
    return folder;
  }
  await replaceFolder(folder, async (made) => {
    const root = path.join(made, "root");
    await unpackPackages(systemd, cache, root);
    for (const name of ["passwd", "group"]) {
      renameSync(
        path.join(root, `usr/share/base-passwd/${name}.master`),
        path.join(root, `etc/${name}`),
      );
    }
    symlinkSync("bash", path.join(root, "usr/bin/sh"));
    writeFileSync(path.join(root, "etc/machine-id"), "");
    const units = path.join(root, "etc/systemd/system");
    mkdirSync(path.join(units, "multi-user.target.wants"), { recursive: true });
    writeFileSync(path.join(units, "site.service"), site);
    symlinkSync("../site.service", path.join(units, "multi-user.target.wants/site.service"));
    await runTool("tar", ["-cf", path.join(made, "system.tar"), "-C", root, "."], {
      purpose: `pack ${root}`,
    });
    await runTool("rm", ["-r", root], { purpose: `remove ${root}` });
  });
  return folder;
}

const site = `[Unit]
Description=A site

[Service]
ExecStart=/usr/bin/busybox httpd -f -p 80 -h /etc
User=www-data
AmbientCapabilities=CAP_NET_BIND_SERVICE

[Install]
WantedBy=multi-user.target
`;
