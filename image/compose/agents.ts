import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ContentStore, storeContent } from "../extract/content.ts";
import type { Arch } from "../recipe.ts";
import { BuildError } from "../stage/build-error.ts";
import type { Progress } from "../stage/progress.ts";
import { hashOf, runStage } from "../stage/stage.ts";
import { runTool, toolEnvironment } from "../stage/tool.ts";
import type { FileEntry } from "./entry.ts";

/** Where the agents' program lies in the image. */
export const AGENTS_PATH = "usr/lib/boot2podman/agents";

const BUN_TARGETS: Record<Arch, string> = { amd64: "bun-linux-x64", arm64: "bun-linux-arm64" };

/** The pinned Bun of the repository. */
export function bunPath(repository: string): string {
  const path = join(repository, "node_modules", "bun", "bin", "bun.exe");
  if (existsSync(path)) return path;
  throw new BuildError(
    `${path} is missing: install the npm packages with "npm ci" (or run ./setup build)`,
  );
}

export interface AgentsOptions {
  repository: string;
  cacheDir: string;
  arch: Arch;
  version: string;
  /** The runtime to compile onto, when it is not this machine's own. */
  runtime: string | undefined;
  progress: Progress;
}

/** Compiles the agents into one program. */
export async function compileAgents(
  options: AgentsOptions,
  store: ContentStore,
): Promise<FileEntry> {
  const { repository, arch } = options;
  const bun = bunPath(repository);
  const folder = await runStage(
    {
      name: "agents",
      cacheDir: options.cacheDir,
      inputs: {
        arch,
        version: options.version,
        sources: hashOfSources(join(repository, "agents")),
        packages: readFileSync(join(repository, "package-lock.json"), "utf8"),
        runtime: options.runtime ?? null,
      },
      code: ["compose/agents.ts"],
    },
    async (output) => {
      options.progress.line(`compiling the agents for ${arch}`);
      await runTool(bun, compileArguments(options, join(output, "agents")), {
        purpose: "compile the agents",
        cwd: repository,
        env: { ...toolEnvironment(), HOME: output, BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" },
      });
    },
  );
  const bytes = readFileSync(join(folder, "agents"));
  const sha256 = storeContent(store, bytes);
  return {
    path: AGENTS_PATH,
    type: "file",
    mode: 0o755,
    uid: 0,
    gid: 0,
    sizeBytes: bytes.length,
    sha256,
  };
}

function compileArguments(options: AgentsOptions, outfile: string): string[] {
  return [
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    // A program that root runs must not read settings from whatever folder it stands in.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    `--target=${BUN_TARGETS[options.arch]}`,
    ...(options.runtime ? [`--compile-executable-path=${options.runtime}`] : []),
    `--define=BOOT2PODMAN_VERSION=${JSON.stringify(options.version)}`,
    `--outfile=${outfile}`,
    "agents/program.ts",
  ];
}

/** Hash of the agents' sources: paths and contents, tests left out. */
function hashOfSources(folder: string): string {
  const list = (below: string): unknown[] =>
    readdirSync(join(folder, below))
      .sort()
      .flatMap((name): unknown[] => {
        const path = join(below, name);
        if (statSync(join(folder, path)).isDirectory()) return list(path);
        const isSource = /\.(ts|json|txt|sh)$/.test(name) && !name.endsWith(".test.ts");
        return isSource ? [[path, readFileSync(join(folder, path), "utf8")]] : [];
      });
  return hashOf(list(""));
}
