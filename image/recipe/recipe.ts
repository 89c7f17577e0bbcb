import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parse, TomlError } from "smol-toml";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import { BuildError } from "../report/build-error.ts";
import { dropNamed, isTable, mergeOver } from "./base.ts";

/** The architectures that images can be built for, in Debian's words. */
export const archSchema = z.enum(["amd64", "arm64"]);

/** A path of the guest's. */
export const relativePath = z
  .string()
  .regex(/^[^/].*$/, "expected a path without a leading slash, like usr/bin/podman");
/** The name of a Debian package. */
export const packageName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9+.-]+$/, "expected the name of a Debian package, like e2fsprogs");
/** The name of a kernel module. */
export const moduleName = z
  .string()
  .regex(/^[A-Za-z0-9_]+$/, "expected a kernel module's name with underscores, like virtio_net");
const accountName = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]*$/, "expected the name of a user or group, like staff");
const mode = z
  .string()
  .regex(/^[0-7]{3,4}$/, 'expected an octal mode in quotes, like "4755"')
  .transform((text) => Number.parseInt(text, 8));

/** group → package → patterns of its files, where * stands for any characters but a slash. */
const files = z.record(z.string(), z.record(packageName, z.array(relativePath).min(1)));
/** group → kernel modules. */
const modules = z.record(z.string(), z.array(moduleName).min(1));

const machineSchema = z.strictObject({
  kernel_package: packageName,
  console: z.string().min(1),
  /** Further words of the kernel command line. */
  command_line: z.string().default(""),
  files: files.default({}),
  modules: modules.default({}),
  secure_boot: z.strictObject({
    shim_package: packageName,
    shim: relativePath,
    shim_name: z.string().min(1),
    loader_package: packageName,
    loader: relativePath,
    loader_name: z.string().min(1),
  }),
  bios: z
    .strictObject({
      package: packageName,
      loader: relativePath,
      disk_sector: relativePath,
      modules_package: packageName,
      modules: z.array(relativePath),
    })
    .optional(),
  /** Of the disk image. */
  disk: z.strictObject({
    /** GRUB that reads its menu from EFI/debian, from the package of the ISO's. */
    loader: relativePath,
    /** GRUB for BIOS, where the architecture has that: a folder of its parts, and what is linked into it. */
    bios: z
      .strictObject({ package: packageName, folder: relativePath, modules: z.array(z.string()) })
      .optional(),
  }),
});

const recipeSchema = z.strictObject({
  /** Folders of further files, laid out as in the guest, beside the recipe. */
  trees: z.array(z.string().min(1)).default([]),
  /**
   * Extensions that the ISO carries in its folder cde and that are loaded at boot: .raw files, beside the recipe. In a
   * name * stands for any characters, such as a version.
   */
  cde: z.array(z.string().regex(/\.raw$/, "expected the path of a .raw file")).default([]),
  /** Extensions that are part of the image: their recipes, beside this one. */
  built_in: z
    .array(z.string().regex(/\.toml$/, "expected the path of an extension's recipe"))
    .default([]),
  suite: z.string().regex(/^[a-z]+$/, "expected a Debian suite, like trixie"),
  arch: archSchema,
  image: z.strictObject({
    volume_id: z
      .string()
      .refine((text) => text.includes("{version}"), "expected the word {version} in it")
      .refine((text) => text.length <= 32, "expected at most 32 characters"),
    command_line: z.string().min(1),
    add_on_wrapping: z.enum(["none", "gzip"]),
  }),
  compression: z.strictObject({
    level: z.int().min(1).max(22),
    block_bytes: z
      .int()
      .min(4096)
      .max(1_048_576)
      .refine((size) => (size & (size - 1)) === 0, "expected a power of two"),
  }),
  menu: z.strictObject({
    timeout_tenths: z.int().min(1).max(10),
    entries: z
      .array(
        z.strictObject({
          name: z.string().regex(/^[a-z]+$/),
          title: z.string().min(1),
          replace: z.record(z.string(), z.string()).default({}),
          add: z.string().default(""),
        }),
      )
      .min(1),
  }),
  files,
  /** Files that lie elsewhere than in their package: path in the package = path in the image. */
  moved: z.record(relativePath, relativePath).default({}),
  /** Path in the image, without .zst → the file of a package that it unpacks to, and what of others it is made against. */
  deltas: z
    .record(
      relativePath,
      z.strictObject({
        package: packageName,
        file: relativePath,
        against: z
          .array(
            z.strictObject({
              file: relativePath,
              start_mib: z.int().min(0).default(0),
              mib: z.int().min(1).max(16),
            }),
          )
          .min(1),
      }),
    )
    .default({}),
  libraries: z.strictObject({
    packages: z.array(packageName),
    opened_at_run_time: z.array(z.string()),
  }),
  modules,
  initrd: z.strictObject({ modules: z.array(moduleName), disk_modules: z.array(moduleName) }),
  busybox: z.strictObject({
    package: packageName,
    bin: z.array(z.string()),
    sbin: z.array(z.string()),
  }),
  certificates: z.strictObject({
    package: packageName,
    from: relativePath,
    bundle: relativePath,
  }),
  apparmor: z.strictObject({
    profiles: z
      .array(
        z
          .string()
          .regex(/^containers-default-[0-9.]+$/, "expected a name like containers-default-0.62.2"),
      )
      .min(1),
  }),
  templates: z.array(relativePath),
  links: z.record(relativePath, z.string()),
  users: z
    .array(
      z.strictObject({
        name: accountName,
        uid: z.int().min(0),
        gid: z.int().min(0),
        home: z.string().startsWith("/"),
        shell: z.string().startsWith("/"),
        groups: z.array(accountName).default([]),
        sub_ids: z.tuple([z.int().min(1), z.int().min(1)]).optional(),
      }),
    )
    .min(1),
  /** First id and count of the subordinate ids of names that are no accounts. */
  sub_ids: z.record(accountName, z.tuple([z.int().min(1), z.int().min(1)])).default({}),
  groups: z.record(accountName, z.int().min(0)),
  folders: z.array(
    z.strictObject({
      path: relativePath,
      mode: mode.default(0o755),
      uid: z.int().min(0).default(0),
      gid: z.int().min(0).default(0),
    }),
  ),
  permissions: z.array(
    z.strictObject({
      path: relativePath,
      mode: mode.optional(),
      uid: z.int().min(0).optional(),
      gid: z.int().min(0).optional(),
    }),
  ),
  machine: z.strictObject({ amd64: machineSchema, arm64: machineSchema }),
});

type RawRecipe = z.infer<typeof recipeSchema>;
/** An architecture in Debian's words. */
export type Arch = RawRecipe["arch"];
/** The part of a recipe that is for one architecture: kernel, boot loaders, console. */
export type MachineRecipe = z.infer<typeof machineSchema>;

/** What goes into the image, with the parts of its architecture merged in. */
export type Recipe = Omit<RawRecipe, "machine"> & { machine: MachineRecipe };

/**
 * Reads and checks a recipe. `arch` overrides the recipe's own. A recipe with the key "base" is laid over the one
 * that it names.
 * @throws BuildError in one line with the file, the key, and what was expected.
 */
export function readRecipe(path: string, arch?: Arch): Recipe {
  return parseRecipe(readText(path), path, arch);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = systemErrorCode(error) === "ENOENT" ? "there is no such file" : String(error);
    throw new BuildError(`cannot read the recipe ${path}: ${why}`, { cause: error });
  }
}

/**
 * Checks the text of a recipe; `path` is for messages, and where its base is looked for.
 * @throws BuildError in one line with the file, the key, and what was expected.
 */
export function parseRecipe(text: string, path: string, arch?: Arch): Recipe {
  const checked = recipeSchema.safeParse(withBase(parseToml(text, path), path));
  if (!checked.success) {
    throw new BuildError(recipeMessage(path, checked.error), { cause: checked.error });
  }
  const { machine: machines, ...recipe } = checked.data;
  const chosen = arch ?? recipe.arch;
  const machine = machines[chosen];
  return {
    ...recipe,
    arch: chosen,
    machine,
    trees: recipe.trees.map((folder) => join(dirname(path), folder)),
    cde: recipe.cde.flatMap((file) => carriedFiles(join(dirname(path), file))),
    built_in: recipe.built_in.map((file) => join(dirname(path), file)),
    files: mergeFiles(recipe.files, machine.files),
    modules: mergeModules(recipe.modules, machine.modules),
  };
}

/** "extends" is the same as "base". A base may have one itself. */
function withBase(recipe: unknown, path: string, above: readonly string[] = []): unknown {
  if (!isTable(recipe)) {
    return recipe;
  }
  const { base, extends: other, ...own } = recipe;
  const named = base ?? other;
  if (typeof named !== "string") {
    return dropNamed(recipe);
  }
  const basePath = join(dirname(path), named);
  if (above.includes(basePath)) {
    throw new BuildError(`${path}: ${basePath} is based on itself`);
  }
  const text = readText(basePath);
  const below = withBase(parseToml(text, basePath), basePath, [...above, basePath]);
  return isTable(below) ? dropNamed(mergeOver(below, own)) : below;
}

function parseToml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) {
      throw error;
    }
    const what = error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "") ?? "";
    throw new BuildError(`${path}:${error.line}:${error.column}: not valid TOML: ${what}`, {
      cause: error,
    });
  }
}

function recipeMessage(path: string, error: z.ZodError): string {
  // A misspelt key is also a missing one: the misspelling tells more.
  const unknown = error.issues.find((issue) => issue.code === "unrecognized_keys");
  const issue = unknown ?? error.issues[0];
  if (!issue) {
    return `${path}: not a recipe`;
  }
  const key = issue.path.map(String).join(".") || "(top level)";
  const message = issue.code === "unrecognized_keys" ? unknownKeys(issue.keys) : issue.message;
  return `${path}: ${key}: ${message}`;
}

function unknownKeys(keys: readonly string[]): string {
  const names = keys.map((key) => `"${key}"`).join(", ");
  return `unknown key ${names}; expected only the keys of image/recipe.toml`;
}

/** The files that a path with * in its name means; the path itself when there is none. */
function carriedFiles(path: string): string[] {
  const folder = dirname(path);
  const [before = "", after] = basename(path).split("*");
  if (after === undefined || !existsSync(folder)) {
    return [path];
  }
  const found = readdirSync(folder)
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .sort();
  return found.length === 0 ? [path] : found.map((name) => join(folder, name));
}

function mergeFiles(common: RawRecipe["files"], own: RawRecipe["files"]): RawRecipe["files"] {
  const merged = { ...common };
  for (const [group, packages] of Object.entries(own)) {
    merged[group] = { ...merged[group], ...packages };
  }
  return merged;
}

function mergeModules(
  common: RawRecipe["modules"],
  own: RawRecipe["modules"],
): RawRecipe["modules"] {
  const merged = { ...common };
  for (const [group, names] of Object.entries(own)) {
    merged[group] = [...(merged[group] ?? []), ...names];
  }
  return merged;
}

/** Every package that the recipe names, in order; the kernel's real package is found by apt. */
export function packagesOf(recipe: Recipe): string[] {
  const { machine } = recipe;
  const names = [
    ...Object.values(recipe.files).flatMap((packages) => Object.keys(packages)),
    ...recipe.libraries.packages,
    recipe.busybox.package,
    recipe.certificates.package,
    machine.secure_boot.shim_package,
    machine.secure_boot.loader_package,
    ...(machine.bios ? [machine.bios.package, machine.bios.modules_package] : []),
    ...(machine.disk.bios ? [machine.disk.bios.package] : []),
  ];
  return [...new Set(names)].sort();
}

/** Whether some file of a package is in the image. */
export function hasFilesOf(recipe: Pick<Recipe, "files">, name: string): boolean {
  return Object.values(recipe.files).some((packages) => Object.hasOwn(packages, name));
}

/** The triplet in the library folders of an architecture. */
export function libraryTriplet(arch: Arch): string {
  return arch === "amd64" ? "x86_64-linux-gnu" : "aarch64-linux-gnu";
}
