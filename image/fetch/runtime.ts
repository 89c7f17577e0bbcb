import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { extract } from "tar";
import * as z from "zod";
import type { Arch } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import type { Progress } from "../report/progress.ts";
import { toolPath } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";
import { sha256OfFile } from "./download.ts";

const runtimePackages: Record<Arch, string> = {
  amd64: "@oven/bun-linux-x64",
  arm64: "@oven/bun-linux-aarch64",
};
const nodeArchs: Record<Arch, string> = { amd64: "x64", arm64: "arm64" };

const packageLockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), integrity: z.string().optional() }),
  ),
});
const packedSchema = z.array(z.object({ filename: z.string() })).min(1);

/**
 * The pinned Bun of the repository, which runs here.
 * @throws BuildError when the npm packages are not installed.
 */
export function bunPath(repository: string): string {
  const path = join(repository, "node_modules", "bun", "bin", "bun.exe");
  if (existsSync(path)) {
    return path;
  }
  throw new BuildError(
    `${path} is missing: install the npm packages with "npm ci" (or run ./setup build)`,
  );
}

/**
 * The Bun of an architecture: this machine's own, or the same version fetched from npm's registry,
 * with the hash that package-lock.json pins.
 * @throws BuildError when it can't be fetched, or isn't what package-lock.json pins.
 */
export async function fetchRuntime(
  repository: string,
  arch: Arch,
  cacheDir: string,
  progress: Progress,
): Promise<string> {
  if (process.arch === nodeArchs[arch]) {
    return bunPath(repository);
  }
  return fetchBun(repository, runtimePackages[arch], cacheDir, progress);
}

/**
 * The Bun of another system, from npm's registry, with the hash that package-lock.json pins.
 *
 * @param name of its package, such as `@oven/bun-darwin-aarch64`.
 * @throws BuildError when it can't be fetched, or isn't what package-lock.json pins.
 */
export async function fetchBun(
  repository: string,
  name: string,
  cacheDir: string,
  progress: Progress,
): Promise<string> {
  const { version, integrity } = pinned(repository, name);
  const folder = join(cacheDir, "runtimes", `${name.replace("/", "-")}-${version}`);
  const bun = join(folder, "bun");
  const written = join(folder, "bun.sha256");
  if (existsSync(bun)) {
    if (existsSync(written) && readFileSync(written, "utf8") === (await sha256OfFile(bun))) {
      return bun;
    }
    progress.line(`${bun} has changed since it was written: fetching it again`);
    rmSync(folder, { recursive: true });
  }
  progress.line(`fetching ${name} ${version}`);
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const archive = join(partial, await pack(`${name}@${version}`, partial));
    const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
    if (found !== integrity) {
      throw new BuildError(`${name} ${version} has the hash ${found}, expected ${integrity}`);
    }
    await extract({ file: archive, cwd: partial, strip: 2 }, ["package/bin/bun"]);
    chmodSync(join(partial, "bun"), 0o755);
    writeFileSync(join(partial, "bun.sha256"), await sha256OfFile(join(partial, "bun")));
    rmSync(archive);
    if (!existsSync(folder)) {
      renameSync(partial, folder);
    }
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return bun;
}

function pinned(repository: string, name: string): { version: string; integrity: string } {
  const path = join(repository, "package-lock.json");
  const lock = packageLockSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version && integrity) {
    return { version, integrity };
  }
  throw new BuildError(`${path} pins no ${name}: renew it with "npm install"`);
}

async function pack(specification: string, folder: string): Promise<string> {
  const environment = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const { stdout } = await runTool(
    "npm",
    ["pack", specification, "--json", "--pack-destination", folder],
    {
      purpose: `fetch ${specification}`,
      cwd: folder,
      // The person's own npm settings: registry and proxy.
      env: { ...Object.fromEntries(environment), PATH: toolPath(process.env.PATH) },
    },
  );
  const [packed] = packedSchema.parse(JSON.parse(stdout));
  if (!packed) {
    throw new BuildError(`npm packed nothing for ${specification}`);
  }
  return packed.filename;
}
