#!/usr/bin/env bun
import { buildExtensions, extensionNames } from "./build-extension.ts";
import { buildOptions, withBuildOptions } from "./command/build-options.ts";
import { newProgram, runProgram } from "./command/program.ts";
import { progressOn } from "./report/progress.ts";

const program = withBuildOptions(
  newProgram(
    "extension",
    "Builds extensions of the image: system extensions (systemd-sysext) from recipes.",
  )
    .argument("[NAME...]", `names (${extensionNames().join(", ")}) or paths of recipes`)
    .option("--all", "all extensions of image/extensions"),
  "folder for the extensions (default: dist-extensions)",
);

await runProgram(program, "extension", async () => {
  const names = program.opts().all === true ? extensionNames() : program.args;
  if (names.length === 0) {
    console.error("boot2podman extension: expected names of extensions, or --all");
    process.exit(2);
  }
  await buildExtensions(names, { ...buildOptions(program), progress: progressOn(process.stdout) });
});
