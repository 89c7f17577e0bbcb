import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runBuildStep } from "../cache/build-step.ts";
import { sourceFiles } from "../cache/sources.ts";
import { sha256OfFile } from "../fetch/download.ts";
import { bunPath } from "../fetch/runtime.ts";
import type { ContentStore } from "../files/content.ts";
import type { FileEntry } from "../files/entry.ts";
import type { Arch } from "../recipe/recipe.ts";
import type { Progress } from "../report/progress.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";
import { blankIcuLocales } from "./icu-data.ts";

/** Where the agents' program lies in the image. */
export const agentsPath = "usr/lib/boot2podman/agents";

const bunTargets: Record<Arch, string> = { amd64: "bun-linux-x64", arm64: "bun-linux-arm64" };

/** What the agents are compiled from, for, and where intermediate results stay. */
export interface AgentsOptions {
  repository: string;
  cacheDir: string;
  arch: Arch;
  version: string;
  /** The Bun of the image's architecture, which the program is compiled onto. */
  runtime: string;
  progress: Progress;
}

/** Compiles the agents into one program. */
export async function compileAgents(
  options: AgentsOptions,
  store: ContentStore & { elsewhere: Map<string, string> },
): Promise<FileEntry> {
  const { repository, arch } = options;
  const bun = bunPath(repository);
  const folder = await runBuildStep(
    {
      name: "agents",
      cacheDir: options.cacheDir,
      inputs: {
        arch,
        version: options.version,
        sources: sourceFiles(join(repository, "agents")),
        packages: readFileSync(join(repository, "package-lock.json"), "utf8"),
      },
      code: ["compose/agents.ts", "compose/agents.tsconfig.json", "compose/icu-data.ts"],
    },
    async (output) => {
      options.progress.line(`compiling the agents for ${arch}`);
      const runtime = await smallRuntime(options);
      await runTool(bun, compileArguments(options, runtime, join(output, "agents")), {
        purpose: "compile the agents",
        cwd: repository,
        env: { ...toolEnvironment(), HOME: output, BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" },
      });
    },
  );
  // Not into the store: every change of an agent would leave another hundred megabytes there.
  const path = join(folder, "agents");
  const sha256 = await sha256OfFile(path);
  store.elsewhere.set(sha256, path);
  return {
    path: agentsPath,
    type: "file",
    mode: 0o755,
    uid: 0,
    gid: 0,
    sizeBytes: statSync(path).size,
    sha256,
  };
}

function compileArguments(options: AgentsOptions, runtime: string, outfile: string): string[] {
  return [
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    "--splitting",
    // What runs for seconds doesn't earn back the compiling of hot code: with 10 here, the agents take
    // some 0.2 s more processor time until sshd listens, under emulation. Loops without end are compiled still.
    "--compile-jit-policy=100",
    "--format=esm",
    // Names the builds of packages that are ES modules where Bun would take CommonJS, all of it: only what is used gets in.
    "--tsconfig-override=image/compose/agents.tsconfig.json",
    // A program that root runs must not read settings from whatever folder it stands in.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    `--target=${bunTargets[options.arch]}`,
    `--compile-executable-path=${runtime}`,
    `--outfile=${outfile}`,
    "agents/program.ts",
  ];
}

/** The runtime without the data that agents never use. */
async function smallRuntime(options: AgentsOptions): Promise<string> {
  const folder = await runBuildStep(
    {
      name: "runtime",
      cacheDir: options.cacheDir,
      inputs: await sha256OfFile(options.runtime),
      code: ["compose/icu-data.ts", "compose/agents.ts"],
    },
    async (output) => {
      const program = readFileSync(options.runtime);
      if (blankIcuLocales(program) === 0) {
        options.progress.line(
          "the runtime has no ICU data that could be removed: the image gets 7 MB larger",
        );
      }
      writeFileSync(join(output, "bun"), program, { mode: 0o755 });
    },
  );
  return join(folder, "bun");
}
