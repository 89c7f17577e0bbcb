#!/usr/bin/env bun
import { buildImage } from "./build-image.ts";
import { buildOptions, withBuildOptions } from "./command/build-options.ts";
import { newProgram, runProgram, secondsSince } from "./command/program.ts";
import { progressOn } from "./report/progress.ts";

const program = withBuildOptions(
  newProgram("build", "Builds the boot2podman image: packages, files, initrds, ISO."),
  "folder for the artifacts (default: dist)",
).allowExcessArguments(false);

await runProgram(program, "build", async () => {
  const startedMs = performance.now();
  const progress = progressOn(process.stdout);
  const folder = await buildImage({ ...buildOptions(program), progress });
  progress.line(`built ${folder} in ${secondsSince(startedMs)}`);
});
