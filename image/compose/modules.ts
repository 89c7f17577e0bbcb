import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { runBuildStep } from "../cache/build-step.ts";
import type { ExtractedPackage } from "../extract/extract.ts";
import { type ContentStore, contentPath, storeContent } from "../files/content.ts";
import { comparePaths, type Entry, entriesSchema, type FileEntry } from "../files/entry.ts";
import { BuildError } from "../report/build-error.ts";
import type { Progress } from "../report/progress.ts";
import { runTool } from "../tool/run-tool.ts";
import { moduleName, parseModulesDep, planModules } from "./module-plan.ts";

/** What busybox modprobe and the agents read; the rest serves tools that aren't in the image. */
const keptIndexes = [
  "modules.alias",
  "modules.dep",
  "modules.devname",
  "modules.softdep",
  "modules.symbols",
];

/** The kernel modules that go into the image. */
export interface KernelModules {
  release: string;
  /** Modules and their indexes, for /usr. */
  entries: Entry[];
  /** The chosen modules' paths by name, in the order in which they can be loaded. */
  byName: Map<string, FileEntry>;
  /** Names of what this kernel has built in. */
  builtIn: ReadonlySet<string>;
}

/**
 * Chooses kernel modules with what they depend on, and makes their indexes by depmod.
 * Modules are decompressed (squashfs compresses better) and never stripped: that would break the
 * signature that a locked-down kernel wants.
 */
export async function composeModules(
  kernel: ExtractedPackage,
  groups: Record<string, readonly string[]>,
  cacheDir: string,
  store: ContentStore,
  progress: Progress,
): Promise<KernelModules> {
  const release = kernelRelease(kernel);
  const all = await indexAllModules(kernel, release, cacheDir, store, progress);
  const home = `usr/lib/modules/${release}`;
  const builtIn = new Set(
    textOf(kernel, `${home}/modules.builtin`, store).split("\n").filter(Boolean).map(moduleName),
  );
  const plan = planModules(groups, parseModulesDep(all), builtIn);
  const packed = plan.map((path) => fileAt(kernel, `${home}/${path}`));
  const folder = await runBuildStep(
    {
      name: "modules",
      cacheDir,
      inputs: packed.map(({ path, sha256 }) => [path, sha256]),
      code: ["compose/modules.ts"],
    },
    async (output) => {
      progress.line(`decompressing ${packed.length} kernel modules`);
      const tree = join(output, "tree");
      const entries: Entry[] = [];
      for (const one of packed) {
        const entry = await decompress(one, store);
        entries.push(entry);
        placeFile(entry, join(tree, entry.path.replace(/^usr\//, "")), store);
      }
      for (const name of ["modules.builtin", "modules.builtin.modinfo", "modules.order"]) {
        const index = fileAt(kernel, `${home}/${name}`);
        placeFile(index, join(tree, "lib/modules", release, name), store);
      }
      await runTool("depmod", ["-b", tree, release], { purpose: "index the kernel modules" });
      for (const name of keptIndexes) {
        const bytes = readFileSync(join(tree, "lib/modules", release, name));
        const sha256 = storeContent(store, bytes);
        const owner = { mode: 0o644, uid: 0, gid: 0, sizeBytes: bytes.length, sha256 };
        entries.push({ path: `${home}/${name}`, type: "file", ...owner });
      }
      entries.push(fileAt(kernel, `${home}/modules.builtin`));
      writeFileSync(join(output, "entries.json"), JSON.stringify(entries));
      rmSync(tree, { recursive: true });
    },
  );
  const entries = entriesSchema
    .parse(JSON.parse(readFileSync(join(folder, "entries.json"), "utf8")))
    .sort((a, b) => comparePaths(a.path, b.path));
  const inOrder = plan.map((path) => `${home}/${path.replace(/\.xz$/, "")}`);
  const byName = new Map<string, FileEntry>();
  for (const path of inOrder) {
    const entry = entries.find((one) => one.path === path);
    if (entry?.type === "file") {
      byName.set(moduleName(path), entry);
    }
  }
  return { release, entries, byName, builtIn };
}

/** modules.dep of all modules of the kernel package. */
async function indexAllModules(
  kernel: ExtractedPackage,
  release: string,
  cacheDir: string,
  store: ContentStore,
  progress: Progress,
): Promise<string> {
  const folder = await runBuildStep(
    {
      name: "module-index",
      cacheDir,
      inputs: kernel.locked.sha256,
      code: ["compose/modules.ts"],
    },
    async (output) => {
      progress.line(`reading the dependencies of all modules of Linux ${release}`);
      const tree = join(output, "tree");
      for (const entry of kernel.entries) {
        if (entry.type !== "file" || !entry.path.startsWith("usr/lib/modules/")) {
          continue;
        }
        placeFile(entry, join(tree, entry.path.replace(/^usr\//, "")), store);
      }
      await runTool("depmod", ["-b", tree, release], { purpose: "index the kernel modules" });
      const dep = readFileSync(join(tree, "lib/modules", release, "modules.dep"));
      writeFileSync(join(output, "modules.dep"), dep);
      rmSync(tree, { recursive: true });
    },
  );
  return readFileSync(join(folder, "modules.dep"), "utf8");
}

/**
 * Version of the kernel in a package, by its folder of modules.
 * @throws BuildError when the package holds no kernel modules.
 */
export function kernelRelease(kernel: ExtractedPackage): string {
  for (const { path } of kernel.entries) {
    const [, release] = /^usr\/lib\/modules\/([^/]+)\/modules\.builtin$/.exec(path) ?? [];
    if (release !== undefined) {
      return release;
    }
  }
  throw new BuildError(`${kernel.locked.name} holds no kernel modules`);
}

async function decompress(entry: FileEntry, store: ContentStore): Promise<FileEntry> {
  if (!entry.path.endsWith(".xz")) {
    return entry;
  }
  const chunks: Buffer[] = [];
  await runTool("xz", ["-dc", "--", contentPath(store, entry.sha256)], {
    purpose: `decompress ${basename(entry.path)}`,
    onOutput: async (stdout) => {
      for await (const chunk of stdout) {
        chunks.push(Buffer.from(chunk));
      }
    },
  });
  const bytes = Buffer.concat(chunks);
  const path = entry.path.replace(/\.xz$/, "");
  return { ...entry, path, sizeBytes: bytes.length, sha256: storeContent(store, bytes) };
}

function placeFile(entry: FileEntry, path: string, store: ContentStore): void {
  mkdirSync(dirname(path), { recursive: true });
  linkSync(contentPath(store, entry.sha256), path);
}

function fileAt(kernel: ExtractedPackage, path: string): FileEntry {
  const entry = kernel.entries.find((one) => one.path === path);
  if (entry?.type === "file") {
    return entry;
  }
  throw new BuildError(`${kernel.locked.name} has no file ${path}`);
}

function textOf(kernel: ExtractedPackage, path: string, store: ContentStore): string {
  return readFileSync(contentPath(store, fileAt(kernel, path).sha256), "utf8");
}
