#!/usr/bin/env bun
import { Command, Option } from "commander";
import * as z from "zod";
import { buildImage } from "./build-image.ts";
import { archSchema } from "./recipe/recipe.ts";
import { oneLineOf } from "./report/build-error.ts";
import { progressOn } from "./report/progress.ts";

const program = new Command("npm run build --")
  .description("Builds the boot2podman image: packages, files, initrds, ISO.")
  .option("--recipe <file>", "recipe of the image (default: image/recipe.toml)")
  .addOption(
    new Option("--arch <arch>", "architecture (default: the recipe's)").choices(archSchema.options),
  )
  .option("--out <folder>", "folder for the artifacts (default: dist)")
  .option("--cache <folder>", "folder for downloads and intermediate results (default: .cache)")
  .option("--mirror <url>", "Debian mirror (default: BOOT2PODMAN_MIRROR, else this machine's)")
  .option(
    "--snapshot <url>",
    "archive of old packages (default: https://snapshot.debian.org/archive)",
  )
  .option("--update", "take the newest packages and renew the lock file")
  .option("--locked", "build only the lock file's packages, or fail")
  .option("--fast", "compress less, for development: a larger image, a faster build")
  .allowExcessArguments(false)
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const optionsSchema = z.object({
  recipe: z.string().optional(),
  arch: archSchema.optional(),
  out: z.string().optional(),
  cache: z.string().optional(),
  mirror: z.string().optional(),
  snapshot: z.string().optional(),
  update: z.boolean().default(false),
  locked: z.boolean().default(false),
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
  const folder = await buildImage({
    recipePath: options.recipe,
    arch: options.arch,
    outDir: options.out,
    cacheDir: options.cache,
    mirror: options.mirror,
    snapshot: options.snapshot,
    update: options.update,
    locked: options.locked,
    fast: options.fast,
    progress,
  });
  progress.line(`built ${folder} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
} catch (error) {
  console.error(`boot2podman build: ${oneLineOf(error)}`);
  process.exit(1);
}
