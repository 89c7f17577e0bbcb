#!/usr/bin/env bun
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { addBootcContainers } from "./bootc-container/bootc-container.ts";
import { archiveOptions, repositoryFolder } from "./build-image.ts";
import { newProgram, runProgram, secondsSince } from "./command/program.ts";
import { diskLevels } from "./publish/artifacts.ts";
import { strongest } from "./publish/machine-download.ts";
import { makePrograms } from "./release/programs.ts";
import { makeRelease } from "./release/release.ts";
import { progressOn } from "./report/progress.ts";

const gather = (value: string, before: readonly string[]) => [...before, value];

const program = newProgram(
  "release",
  "Makes a folder with everything that people download of built images: ISO, kernel and initrds, archives of machines, disk images, an OCI layout, checksums with a signature, and notes. Takes minutes.",
)
  .requiredOption("--out <folder>", "folder for the release; what is in it is replaced")
  .option(
    "--image <folder>",
    "folder of an image, once for each architecture (default: dist)",
    gather,
    [],
  )
  .option(
    "--extensions <folder>",
    "folder of extensions, once for each architecture, which become a mirror",
    gather,
    [],
  )
  .option("--key <file>", "SSH key that signs the checksums (without it they aren't signed)")
  .option("--no-programs", "leave out podman-machine as a program for Linux and macOS")
  .option("--no-container", "leave out the container image that runs podman-machine bootc")
  .option("--fast", "compress the archives of machines less, to try a release")
  .allowExcessArguments(false);

const optionsSchema = z.object({
  out: z.string(),
  image: z.array(z.string()),
  extensions: z.array(z.string()),
  key: z.string().optional(),
  programs: z.boolean(),
  container: z.boolean(),
  fast: z.boolean().default(false),
});

await runProgram(program, "release", async () => {
  const options = optionsSchema.parse(program.opts());
  const startedMs = performance.now();
  const progress = progressOn(process.stdout);
  const images = options.image.length > 0 ? options.image : [join(repositoryFolder, "dist")];
  const out = resolve(options.out);
  await makeRelease({
    images: images.map((image) => resolve(image)),
    extensions: options.extensions.map((folder) => resolve(folder)),
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
  progress.line(`made ${out} in ${secondsSince(startedMs)}`);
  if (options.key === undefined) {
    progress.line("SHA256SUMS isn't signed: name a key with --key");
  }
});
