#!/usr/bin/env bun
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { repositoryFolder } from "./build-image.ts";
import { newProgram, runProgram, secondsSince } from "./command/program.ts";
import { makeMachineDownload } from "./publish/machine-download.ts";
import { BuildError } from "./report/build-error.ts";
import { megabytes, progressOn } from "./report/progress.ts";

const program = newProgram(
  "download",
  "Makes the archive of a built image that podman-machine takes with --image: kernel, initrd and /usr in one file. Takes minutes.",
)
  .option("--image <folder>", "folder of the image, the output of a build (default: dist)")
  .option("--out <folder>", "folder for the archive; what is in it is replaced (default: download)")
  .allowExcessArguments(false);

/** SPECIFICATION.md, "Small and quick". */
const largestBytes = 78_000_000;

const optionsSchema = z.object({ image: z.string().optional(), out: z.string().optional() });

await runProgram(program, "download", async () => {
  const options = optionsSchema.parse(program.opts());
  const image = resolve(options.image ?? join(repositoryFolder, "dist"));
  const startedMs = performance.now();
  const progress = progressOn(process.stdout);
  progress.line(`compressing the image in ${image}: this takes minutes`);
  const path = await makeMachineDownload(
    image,
    resolve(options.out ?? join(repositoryFolder, "download")),
  );
  const { size } = statSync(path);
  if (size > largestBytes) {
    throw new BuildError(
      `${path} has ${megabytes(size)}, more than SPECIFICATION.md promises (${megabytes(largestBytes)})`,
    );
  }
  progress.line(`made ${path}, ${megabytes(size)}, in ${secondsSince(startedMs)}`);
});
