import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Parser, type ReadEntry } from "tar";
import * as z from "zod";
import { runBuildStep } from "../cache/build-step.ts";
import { cachedPackage } from "../fetch/fetch.ts";
import { type ContentStore, hasContent, storeContent } from "../files/content.ts";
import { type Entry, entriesSchema } from "../files/entry.ts";
import { BuildError } from "../report/build-error.ts";
import type { Progress } from "../report/progress.ts";
import type { Lock, LockedPackage } from "../resolve/lock.ts";
import { runTool } from "../tool/run-tool.ts";
import { type NamedLicence, namedLicences, namedLicencesSchema } from "./copyright.ts";

/** The files of a package, as its archive lists them. */
export interface ExtractedPackage {
  locked: LockedPackage;
  entries: Entry[];
  /** What its copyright file names; absent where no program can read it. */
  licences?: NamedLicence[] | undefined;
}

/** What a package's step leaves. */
const outputSchema = z.object({
  entries: entriesSchema,
  licences: namedLicencesSchema.optional(),
});

/** Documentation never gets into an image: don't even unpack it. */
const leftOut = /^usr\/share\/(doc|man|locale|info|lintian|bug)\//;

/**
 * Package files → entries, contents in the store. Owners and modes come from the archives' headers:
 * nothing is installed, and no root is needed.
 */
export async function extractPackages(
  lock: Lock,
  cacheDir: string,
  store: ContentStore,
  progress: Progress,
): Promise<ExtractedPackage[]> {
  const extracted: ExtractedPackage[] = [];
  for (const [index, locked] of lock.packages.entries()) {
    // Every package is a step of its own, so that a renewed lock extracts only what changed.
    const step = {
      name: `extract/${locked.name}`,
      cacheDir,
      inputs: locked.sha256,
      code: ["extract", "files/entry.ts"],
    };
    const run = async () => {
      const folder = await runBuildStep(
        step,
        async (output) => {
          progress.live(`extracting ${locked.name} (${index + 1} of ${lock.packages.length})`);
          const found = await extractPackage(cachedPackage(cacheDir, locked), locked, store);
          writeFileSync(join(output, "package.json"), JSON.stringify(found));
        },
        progress,
      );
      return { folder, text: readFileSync(join(folder, "package.json"), "utf8") };
    };
    let { folder, text } = await run();
    const isWhole = outputSchema
      .parse(JSON.parse(text))
      .entries.every((entry) => entry.type !== "file" || hasContent(store, entry.sha256));
    if (!isWhole) {
      progress.line(
        `files of ${locked.name} in ${store.folder} have changed since they were written: extracting it again`,
      );
      rmSync(folder, { recursive: true });
      ({ folder, text } = await run());
    }
    extracted.push({ locked, ...outputSchema.parse(JSON.parse(text)) });
  }
  return extracted;
}

async function extractPackage(
  path: string,
  locked: LockedPackage,
  store: ContentStore,
): Promise<z.infer<typeof outputSchema>> {
  const entries: Entry[] = [];
  let copyright = "";
  const hardLinks: { path: string; target: string }[] = [];
  const pending: Promise<unknown>[] = [];
  const failures: unknown[] = [];
  const parser = new Parser({
    onReadEntry: (read) => {
      const entryPath = guestPath(read.path);
      if (entryPath === `usr/share/doc/${locked.name}/copyright` && isFile(read)) {
        pending.push(read.concat().then((bytes) => (copyright = bytes.toString())));
        return;
      }
      if (entryPath === "" || leftOut.test(entryPath)) {
        read.resume();
        return;
      }
      if (read.type === "Link") {
        hardLinks.push({ path: entryPath, target: guestPath(read.linkpath ?? "") });
        read.resume();
        return;
      }
      const made = toEntry(read, entryPath, locked, store);
      pending.push(
        made.then(
          (entry) => entries.push(entry),
          (error: unknown) => failures.push(error),
        ),
      );
    },
  });
  await runTool("dpkg-deb", ["--fsys-tarfile", path], {
    purpose: `extract ${locked.name} ${locked.version}`,
    onOutput: async (stdout) => {
      await pipeline(stdout, async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) {
          parser.write(chunk);
        }
        parser.end();
      });
    },
  });
  await Promise.all(pending);
  if (failures.length > 0) {
    throw failures[0];
  }
  for (const { path: linkPath, target } of hardLinks) {
    const same = entries.find((entry) => entry.path === target);
    if (!same) {
      throw new BuildError(`${locked.name}: ${linkPath} is a hard link to a missing file`);
    }
    entries.push({ ...same, path: linkPath });
  }
  return { entries, licences: namedLicences(copyright) };
}

function isFile({ type }: ReadEntry): boolean {
  return type === "File" || type === "OldFile";
}

async function toEntry(
  read: ReadEntry,
  path: string,
  locked: LockedPackage,
  store: ContentStore,
): Promise<Entry> {
  const owner = { path, uid: read.uid ?? 0, gid: read.gid ?? 0 };
  const mode = (read.mode ?? 0) & 0o7777;
  switch (read.type) {
    case "Directory":
      read.resume();
      return { ...owner, mode, type: "folder" };
    case "SymbolicLink":
      read.resume();
      return { ...owner, mode: 0o777, type: "link", target: read.linkpath ?? "" };
    case "File":
    case "OldFile": {
      const bytes = await read.concat();
      const sha256 = storeContent(store, bytes);
      return { ...owner, mode, type: "file", sizeBytes: bytes.length, sha256 };
    }
    default:
      throw new BuildError(`${locked.name}: ${path} is a ${read.type}, which no image can hold`);
  }
}

/**
 * Path of a package's member in the guest, where the folders bin, sbin, lib and lib64 are links into
 * usr (merged /usr).
 */
export function guestPath(member: string): string {
  const path = member
    .replace(/^\.?\/+/, "")
    .replace(/\/+$/, "")
    .replace(/^\.$/, "");
  return /^(bin|sbin|lib|lib64)(\/|$)/.test(path) ? `usr/${path}` : path;
}
