import { createReadStream, createWriteStream, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";
import { bunPath, fetchBun } from "../fetch/runtime.ts";
import type { Progress } from "../report/progress.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";

/** A system that podman-machine is compiled for. */
export interface Platform {
  /** In the name of the file. */
  readonly name: string;
  readonly target: string;
  /** The package of its Bun, whose version and hash package-lock.json pins. */
  readonly runtime: string;
}

/** The one that containers are for. */
export const linuxAmd64: Platform = {
  name: "linux-amd64",
  target: "bun-linux-x64",
  runtime: "@oven/bun-linux-x64",
};

const platforms: readonly Platform[] = [
  linuxAmd64,
  { name: "linux-arm64", target: "bun-linux-arm64", runtime: "@oven/bun-linux-aarch64" },
  { name: "darwin-amd64", target: "bun-darwin-x64", runtime: "@oven/bun-darwin-x64" },
  { name: "darwin-arm64", target: "bun-darwin-arm64", runtime: "@oven/bun-darwin-aarch64" },
];

/** Where podman-machine as a program is made. */
export interface ProgramsOptions {
  readonly repository: string;
  readonly cacheDir: string;
  readonly folder: string;
  readonly version: string;
  readonly progress: Progress;
}

/** Makes `podman-machine-VERSION-SYSTEM-PROCESSOR.gz`, one file each that needs neither Node.js nor Bun. */
export async function makePrograms(options: ProgramsOptions): Promise<void> {
  for (const platform of platforms) {
    options.progress.line(`compiling podman-machine for ${platform.name}`);
    const program = join(options.folder, `podman-machine-${options.version}-${platform.name}`);
    await compileProgram(options, platform, program);
    const strongest = createGzip({ level: constants.Z_BEST_COMPRESSION });
    await pipeline(createReadStream(program), strongest, createWriteStream(`${program}.gz`));
    rmSync(program);
  }
}

/** Compiles podman-machine to one file. */
export async function compileProgram(
  { repository, cacheDir, progress }: Pick<ProgramsOptions, "repository" | "cacheDir" | "progress">,
  { target, runtime }: Platform,
  program: string,
): Promise<void> {
  const executable = await fetchBun(repository, runtime, cacheDir, progress);
  const hostPackages = readFileSync(join(repository, "host-packages.txt"), "utf8");
  const words = [
    ...["build", "--compile", "--minify", "--format=esm"],
    // It must not read settings from whatever folder it stands in.
    ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
    ...["--define", `hostPackagesText=${JSON.stringify(hostPackages)}`],
    ...[`--target=${target}`, `--compile-executable-path=${executable}`, `--outfile=${program}`],
    "machine/podman-machine.ts",
  ];
  await runTool(bunPath(repository), words, {
    purpose: `compile podman-machine for ${target}`,
    cwd: repository,
    env: { ...toolEnvironment(), HOME: cacheDir, BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" },
  });
}
