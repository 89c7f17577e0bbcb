import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { hashOf } from "../../../image/cache/build-step.ts";
import { replaceFolder } from "../../../image/cache/replace-folder.ts";
import { runTool } from "../../../image/tool/run-tool.ts";
import type { Cache } from "./fetched-tests.ts";

const clients = path.resolve(import.meta.dirname, "../clients");

/**
 * A folder with the libraries of clients/package.json, just as its lock has them, and with the Node that runs them
 * (bin/node). Fetched by npm unless it is in the cache; no package's scripts run.
 */
export async function installNpmClients(cache: Cache): Promise<string> {
  const files = ["package.json", "package-lock.json"];
  const key = hashOf([
    ...files.map((name) => readFileSync(path.join(clients, name), "utf8")),
    cache.arch,
  ]);
  const folder = path.join(cache.folder, "conformance", `clients-${key.slice(0, 16)}`);
  if (existsSync(folder)) {
    return folder;
  }
  cache.progress.line("fetching clients' libraries by npm");
  await replaceFolder(folder, async (made) => {
    for (const name of files) {
      copyFileSync(path.join(clients, name), path.join(made, name));
    }
    // The libraries are for a newer Node than the one that installs them.
    const words = [
      "ci",
      "--prefix",
      made,
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--engine-strict=false",
    ];
    await runTool("npm", words, { purpose: "install clients' libraries", env: ownEnvironment() });
    mkdirSync(path.join(made, "bin"));
    const processor = cache.arch === "arm64" ? "arm64" : "x64";
    symlinkSync(`../node_modules/node-linux-${processor}/bin/node`, path.join(made, "bin/node"));
  });
  return folder;
}

/** npm finds its registry, its cache and its way to the network by the caller's settings. */
function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
