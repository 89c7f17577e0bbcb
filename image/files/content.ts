import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemErrorCode } from "../../system-error.ts";

/** A store of file contents, each once, named by its SHA-256. */
export interface ContentStore {
  folder: string;
  /** Contents that lie outside the store, by hash: big ones that change often. */
  elsewhere?: Map<string, string>;
}

/** Path of a stored content. */
export function contentPath(store: ContentStore, sha256: string): string {
  return store.elsewhere?.get(sha256) ?? join(store.folder, sha256.slice(0, 2), sha256);
}

/** Puts bytes into the store and returns their SHA-256. What lies there under it is believed by its bytes alone. */
export function storeContent(store: ContentStore, bytes: Uint8Array): string {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const path = contentPath(store, sha256);
  if (existsSync(path) && readFileSync(path).equals(bytes)) {
    return sha256;
  }
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.partial-${process.pid}`;
  writeFileSync(partial, bytes);
  renameSync(partial, path);
  return sha256;
}

/** Whether the store has a content, and has it whole. */
export function hasContent(store: ContentStore, sha256: string): boolean {
  try {
    const bytes = readFileSync(contentPath(store, sha256));
    return createHash("sha256").update(bytes).digest("hex") === sha256;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return false;
    }
    throw error;
  }
}

/** Reads a stored content whole. */
export function readContent(store: ContentStore, sha256: string): Buffer {
  return readFileSync(contentPath(store, sha256));
}
