#!/usr/bin/env bun
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import * as z from "zod";
import { addBootcContainers } from "./bootc-container/bootc-container.ts";
import { archiveOptions, repositoryFolder } from "./build-image.ts";
import { diskLevels } from "./publish/artifacts.ts";
import { strongest } from "./publish/machine-download.ts";
import { makePrograms } from "./release/programs.ts";
import { makeRelease } from "./release/release.ts";
import { oneLineOf } from "./report/build-error.ts";
import { progressOn } from "./report/progress.ts";

const gather = (value: string, before: readonly string[]) => [...before, value];

const program = new Command("npm run release --")
  .description(
    "Makes a folder with everything that people download of built images: ISO, kernel and initrds, archives of machines, disk images, an OCI layout, checksums with a signature, and notes. Takes minutes.",
  )
  .requiredOption("--out <folder>", "folder for the release; what is in it is replaced")
  .option(
    "--image <folder>",
    "folder of an image, once for each architecture (default: dist)",
    gather,
    [],
  )
  .option("--key <file>", "SSH key that signs the checksums (without it they aren't signed)")
  .option("--no-programs", "leave out podman-machine as a program for Linux and macOS")
  .option("--no-container", "leave out the container image that runs podman-machine bootc")
  .option("--fast", "compress the archives of machines less, to try a release")
  .allowExcessArguments(false)
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const optionsSchema = z.object({
  out: z.string(),
  image: z.array(z.string()),
  key: z.string().optional(),
  programs: z.boolean(),
  container: z.boolean(),
  fast: z.boolean().default(false),
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // Ending by exit removes what is unfinished.
  process.once(signal, () => process.exit(1));
}
try {
  program.parse();
  const options = optionsSchema.parse(program.opts());
  const started = performance.now();
  const progress = progressOn(process.stdout);
  const images = options.image.length > 0 ? options.image : [join(repositoryFolder, "dist")];
  const out = resolve(options.out);
  await makeRelease({
    images: images.map((image) => resolve(image)),
    out,
    programs: options.programs
      ? (folder, version) =>
          makePrograms({
            repository: repositoryFolder,
            cacheDir: join(repositoryFolder, ".cache"),
            folder,
            version,
            progress,
          })
      : undefined,
    containers: options.container
      ? (layout, work) =>
          addBootcContainers(
            layout,
            images.map((image) => resolve(image)),
            {
              repository: repositoryFolder,
              archive: (lockFile) =>
                archiveOptions({ progress }, lockFile, join(repositoryFolder, ".cache")),
              work,
              level: options.fast ? diskLevels.fast : diskLevels.usual,
              progress,
            },
          )
      : undefined,
    changelog: readFileSync(join(repositoryFolder, "CHANGELOG.md"), "utf8"),
    key: options.key === undefined ? undefined : resolve(options.key),
    strength: options.fast
      ? { zstd: diskLevels.fast, lzma2: "preset=0" }
      : { zstd: diskLevels.usual, lzma2: strongest },
    progress,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  progress.line(`made ${out} in ${seconds} s`);
  if (options.key === undefined) {
    progress.line("SHA256SUMS isn't signed: name a key with --key");
  }
} catch (error) {
  console.error(`boot2podman release: ${oneLineOf(error)}`);
  process.exit(1);
}
