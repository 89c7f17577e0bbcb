import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { cannotRun } from "./run.ts";

/** Looks for a program as a start would. Throws the error that names the package to install. */
export async function findProgram(
  program: string,
  searchPath: string = process.env.PATH ?? "",
): Promise<string> {
  const folders = isAbsolute(program) ? [""] : searchPath.split(delimiter);
  for (const folder of folders) {
    const path = join(folder, program);
    if (await isExecutable(path)) {
      return path;
    }
  }
  throw cannotRun(program, Object.assign(new Error(`${program}: not found`), { code: "ENOENT" }));
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Absent or not ours to run: either way the next folder is looked at.
    return false;
  }
}
