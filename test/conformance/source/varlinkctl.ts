import { existsSync } from "node:fs";
import path from "node:path";
import { hashOf } from "../../../image/cache/build-step.ts";
import { replaceFolder } from "../../../image/cache/replace-folder.ts";
import { runTool } from "../../../image/tool/run-tool.ts";
import type { Cache } from "./fetched-tests.ts";
import { unpackPackages } from "./package-tree.ts";
import { readPackages } from "./packages.ts";

/** Changes when the folder is laid out otherwise. */
const layout = 2;

/**
 * A folder with usr/bin/varlinkctl, the libraries that it needs, and Python's module varlink. Fetched from Debian unless
 * it is in the cache.
 */
export async function fetchVarlinkctl(cache: Cache): Promise<string> {
  const { varlinkctl } = readPackages();
  const key = hashOf([varlinkctl, cache.arch, layout]).slice(0, 16);
  const folder = path.join(cache.folder, "conformance", `varlinkctl-${key}`);
  if (!existsSync(folder)) {
    await replaceFolder(folder, async (made) => {
      const all = path.join(made, "all");
      await unpackPackages(varlinkctl, cache, all);
      const wanted =
        'mkdir -p "$2/usr/bin" "$2/usr/lib/python" && mv "$1/usr/bin/varlinkctl" "$2/usr/bin/" && mv "$1"/usr/lib/*-linux-gnu "$2/usr/lib/" && mv "$1/usr/lib/python3/dist-packages/varlink" "$2/usr/lib/python/"';
      await runTool("sh", ["-c", `${wanted} && rm -r "$1"`, "sh", all, made], {
        purpose: "keep varlinkctl and its libraries",
      });
    });
  }
  return folder;
}
