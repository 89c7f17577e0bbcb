#!/usr/bin/env bun
import { Command, Option } from "commander";
import * as z from "zod";
import { buildExtensions, extensionNames } from "./build-extension.ts";
import { archSchema } from "./recipe/recipe.ts";
import { oneLineOf } from "./report/build-error.ts";
import { progressOn } from "./report/progress.ts";

const program = new Command("npm run extension --")
  .description("Builds extensions of the image: system extensions (systemd-sysext) from recipes.")
  .argument("[NAME...]", `names (${extensionNames().join(", ")}) or paths of recipes`)
  .option("--all", "all extensions of image/extensions")
  .option("--recipe <file>", "recipe of the image (default: image/recipe.toml)")
  .addOption(
    new Option("--arch <arch>", "architecture (default: the recipe's)").choices(archSchema.options),
  )
  .option("--out <folder>", "folder for the extensions (default: dist-extensions)")
  .option("--cache <folder>", "folder for downloads and intermediate results (default: .cache)")
  .option("--mirror <url>", "Debian mirror (default: BOOT2PODMAN_MIRROR, else this machine's)")
  .option("--snapshot <url>", "archive of old packages")
  .option("--update", "take the newest packages and renew the extensions' lock files")
  .option("--locked", "build only the lock files' packages, or fail")
  .option("--fast", "compress less, for development")
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const optionsSchema = z.object({
  all: z.boolean().default(false),
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
  const { all, recipe, out, cache, ...options } = optionsSchema.parse(program.opts());
  const names = all ? extensionNames() : program.args;
  if (names.length === 0) {
    console.error("boot2podman extension: expected names of extensions, or --all");
    process.exit(2);
  }
  await buildExtensions(names, {
    ...options,
    recipePath: recipe,
    outDir: out,
    cacheDir: cache,
    progress: progressOn(process.stdout),
  });
} catch (error) {
  console.error(`boot2podman extension: ${oneLineOf(error)}`);
  process.exit(1);
}
