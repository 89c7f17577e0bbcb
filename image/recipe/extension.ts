import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parse, TomlError } from "smol-toml";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import { BuildError } from "../report/build-error.ts";
import {
  type Arch,
  archSchema,
  moduleName,
  packageName,
  type Recipe,
  readRecipe,
  relativePath,
} from "./recipe.ts";

const extensionName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, "expected the name of an extension, like podman-compose");
const files = z.record(packageName, z.array(relativePath).min(1));

const extensionSchema = z.strictObject({
  /** One line for whoever looks for it. */
  description: z.string().regex(/^[^\n]+$/),
  /** The package whose version is the extension's; without it the day of its packages is. */
  version_of: packageName.optional(),
  /** Extensions that it doesn't work without. */
  needs: z.array(extensionName).default([]),
  /** Architectures that it can be built for. */
  archs: z.array(archSchema).default(["amd64", "arm64"]),
  /** package → patterns of its files, where * stands for any characters but a slash and ** for any. */
  files: files.default({}),
  /** Files that lie elsewhere than in their package: path in the package = path in the extension. */
  moved: z.record(relativePath, relativePath).default({}),
  /** Packages that needed libraries are looked for in, beside those of the image and those of files. */
  libraries: z.array(packageName).default([]),
  /** Libraries that programs open at run time, which no header names. */
  opened_at_run_time: z.array(z.string()).default([]),
  /** Symbolic links: path = target. */
  links: z.record(relativePath, z.string()).default({}),
  /** A folder of further files beside the recipe, laid out as in the guest. */
  tree: z.string().min(1).optional(),
  /** Kernel modules; what they depend on comes along. */
  modules: z.array(moduleName).default([]),
  /** Groups of another image's recipe, beside this one, for images that are made without them. */
  of_image: z
    .strictObject({
      recipe: z.string().regex(/\.toml$/, "expected the path of an image's recipe"),
      files: z.array(z.string()).default([]),
      modules: z.array(z.string()).default([]),
    })
    .optional(),
});

/** What goes into an extension. */
export type ExtensionRecipe = Omit<z.infer<typeof extensionSchema>, "tree" | "of_image"> & {
  name: string;
  /** Path of the folder of further files. */
  tree: string | undefined;
  /** As in an image's recipe. */
  deltas: Recipe["deltas"];
  /** Names of Podman's AppArmor profile; none without Podman. */
  profiles: string[];
};

/**
 * Reads and checks the recipe of an extension; its file's name is the extension's.
 * @throws BuildError in one line with the file, the key, and what was expected.
 */
export function readExtension(path: string, arch?: Arch): ExtensionRecipe {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const why = systemErrorCode(error) === "ENOENT" ? "there is no such file" : String(error);
    throw new BuildError(`cannot read the extension's recipe ${path}: ${why}`, { cause: error });
  }
  return parseExtension(text, path, arch);
}

/**
 * Checks the text of an extension's recipe.
 * @throws BuildError in one line with the file, the key, and what was expected.
 */
export function parseExtension(text: string, path: string, arch?: Arch): ExtensionRecipe {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) {
      throw error;
    }
    throw new BuildError(`${path}:${error.line}:${error.column}: not valid TOML`, { cause: error });
  }
  const name = extensionName.safeParse(basename(path, ".toml"));
  const checked = extensionSchema.safeParse(document);
  const issue = name.error?.issues[0] ?? checked.error?.issues[0];
  if (issue !== undefined || !checked.success || !name.success) {
    const key = issue?.path.map(String).join(".") || "(top level)";
    throw new BuildError(`${path}: ${key}: ${issue?.message ?? "not a recipe"}`);
  }
  const { tree, of_image: ofImage, ...recipe } = checked.data;
  const own = {
    ...recipe,
    name: name.data,
    tree: tree === undefined ? undefined : join(dirname(path), tree),
    deltas: {},
    profiles: [],
  };
  return ofImage === undefined ? own : withGroups(own, ofImage, path, arch);
}

/** An extension with groups of an image, and with what is made of their packages. */
function withGroups(
  own: ExtensionRecipe,
  ofImage: { recipe: string; files: readonly string[]; modules: readonly string[] },
  path: string,
  arch: Arch | undefined,
): ExtensionRecipe {
  const image = readRecipe(join(dirname(path), ofImage.recipe), arch);
  const groupOf = <Group>(
    kind: "files" | "modules",
    name: string,
    groups: Record<string, Group>,
  ) => {
    const group = groups[name];
    if (group === undefined) {
      throw new BuildError(
        `${path}: of_image.${kind}: ${ofImage.recipe} has no group ${name}; it has ${Object.keys(groups).join(", ")}`,
      );
    }
    return group;
  };
  const files = { ...own.files };
  for (const name of ofImage.files) {
    Object.assign(files, groupOf("files", name, image.files));
  }
  const modules = ofImage.modules.flatMap((name) => groupOf("modules", name, image.modules));
  const deltas = Object.entries(image.deltas).filter(([, delta]) => delta.package in files);
  return {
    ...own,
    files,
    modules: [...own.modules, ...modules],
    libraries: [...own.libraries, ...image.libraries.packages],
    deltas: Object.fromEntries(deltas),
    profiles: "podman" in files ? image.apparmor.profiles : [],
  };
}

/** Every package that the recipe names, in order. */
export function packagesOfExtension(recipe: ExtensionRecipe): string[] {
  return [...new Set([...Object.keys(recipe.files), ...recipe.libraries])].sort();
}

/** An architecture in the words of extension-release (os-release(5), systemd's list of architectures). */
export function sysextArch(arch: Arch): string {
  return arch === "amd64" ? "x86-64" : "arm64";
}
