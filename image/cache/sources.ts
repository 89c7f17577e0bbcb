import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A source file with its whole text. */
export interface SourceFile {
  /** Below the folder asked for. */
  path: string;
  text: string;
}

/** The source files below a folder without tests, by path. */
export function sourceFiles(folder: string): SourceFile[] {
  const list = (below: string): SourceFile[] =>
    readdirSync(join(folder, below))
      .sort()
      .flatMap((name): SourceFile[] => {
        const path = join(below, name);
        if (statSync(join(folder, path)).isDirectory()) {
          return list(path);
        }
        const isSource = /\.(ts|json|txt|sh)$/.test(name) && !/\.(test|testing)\.ts$/.test(name);
        return isSource ? [{ path, text: readFileSync(join(folder, path), "utf8") }] : [];
      });
  return list("");
}
