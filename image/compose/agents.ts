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
import { blankBuiltinBytecode } from "./builtin-bytecode.ts";
import { blankIcuLocales } from "./icu-data.ts";
import { blankRuntimeModules } from "./runtime-modules.ts";

/** Where the agents' program lies in the image. */
export const agentsPath = "usr/lib/boot2podman/agents";
/** Beside it, as text, which the agents' program runs: what few machines or people use. */
const beside = {
  varlink: "agents/varlink/program.ts",
  extension: "agents/extensions/program.ts",
  ignition: "agents/provision/ignition/program.ts",
  upgrade: "agents/upgrade/command.ts",
};
const besideFolder = "usr/lib/boot2podman";

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
): Promise<FileEntry[]> {
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
      code: [
        "compose/agents.ts",
        "compose/agents.tsconfig.json",
        "compose/builtin-bytecode.ts",
        "compose/icu-data.ts",
        "compose/runtime-modules.ts",
      ],
    },
    async (output) => {
      options.progress.line(`compiling the agents for ${arch}`);
      const runtime = await smallRuntime(options);
      const env = { ...toolEnvironment(), HOME: output, BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" };
      const program = join(output, "agents");
      await runTool(bun, compileArguments(options, runtime, program), {
        purpose: "compile the agents",
        cwd: repository,
        env,
      });
      const bytes = readFileSync(program);
      if (blankBuiltinBytecode(bytes) === 0) {
        options.progress.line(
          "the agents have no bytecode of the runtime's that could be removed: the image gets 0.8 MB larger",
        );
      }
      writeFileSync(program, bytes);
      const bundle = ["build", "--minify", "--format=esm", "--target=bun"];
      for (const [name, source] of Object.entries(beside)) {
        await runTool(bun, [...bundle, `--outfile=${join(output, `${name}.js`)}`, source], {
          purpose: `bundle ${name}`,
          cwd: repository,
          env,
        });
      }
    },
  );
  // Not into the store: every change of an agent would leave another hundred megabytes there.
  const path = join(folder, "agents");
  const sha256 = await sha256OfFile(path);
  store.elsewhere.set(sha256, path);
  const owner = { type: "file", uid: 0, gid: 0 } as const;
  const entries: FileEntry[] = [
    { path: agentsPath, ...owner, mode: 0o755, sizeBytes: statSync(path).size, sha256 },
  ];
  for (const name of Object.keys(beside)) {
    const file = join(folder, `${name}.js`);
    const sha = await sha256OfFile(file);
    store.elsewhere.set(sha, file);
    const sizeBytes = statSync(file).size;
    entries.push({
      path: `${besideFolder}/${name}.js`,
      ...owner,
      mode: 0o644,
      sizeBytes,
      sha256: sha,
    });
  }
  return entries;
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

/** The runtime without data and modules that agents never use. */
async function smallRuntime(options: AgentsOptions): Promise<string> {
  const folder = await runBuildStep(
    {
      name: "runtime",
      cacheDir: options.cacheDir,
      inputs: await sha256OfFile(options.runtime),
      code: ["compose/icu-data.ts", "compose/runtime-modules.ts", "compose/agents.ts"],
    },
    async (output) => {
      const program = readFileSync(options.runtime);
      if (blankIcuLocales(program) === 0) {
        options.progress.line(
          "the runtime has no ICU data that could be removed: the image gets 7 MB larger",
        );
      }
      if (blankRuntimeModules(program) === 0) {
        options.progress.line(
          "the runtime has no modules that could be removed: the image gets 0.2 MB larger",
        );
      }
      writeFileSync(join(output, "bun"), program, { mode: 0o755 });
    },
  );
  return join(folder, "bun");
}
