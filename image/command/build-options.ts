import { type Command, Option } from "commander";
import * as z from "zod";
import { archSchema } from "../recipe/recipe.ts";

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

/** Adds the options of everything that is built from packages; `out` says what goes to --out, and where by default. */
export function withBuildOptions(program: Command, out: string): Command {
  return program
    .option("--recipe <file>", "recipe of the image (default: image/recipe.toml)")
    .addOption(
      new Option("--arch <arch>", "architecture (default: the recipe's)").choices(
        archSchema.options,
      ),
    )
    .option("--out <folder>", out)
    .option("--cache <folder>", "folder for downloads and intermediate results (default: .cache)")
    .option("--mirror <url>", "Debian mirror (default: BOOT2PODMAN_MIRROR, else this machine's)")
    .option(
      "--snapshot <url>",
      "archive of old packages (default: https://snapshot.debian.org/archive)",
    )
    .option("--update", "take the newest packages and renew the lock file")
    .option("--locked", "build only the lock file's packages, or fail")
    .option("--fast", "compress less, for development: larger results, a faster build");
}

/** What those options say, as builds take it. */
export function buildOptions(program: Command) {
  const { recipe, out, cache, ...options } = optionsSchema.parse(program.opts());
  return { ...options, recipePath: recipe, outDir: out, cacheDir: cache };
}
