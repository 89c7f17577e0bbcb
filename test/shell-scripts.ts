// Looks through every shell script of the repository with shellcheck.
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");

/** Whether a file's first line names a shell. */
function isShellScript(file: string): boolean {
  const head = Buffer.alloc(64);
  const descriptor = openSync(path.join(root, file), "r");
  readSync(descriptor, head);
  closeSync(descriptor);
  const [line = ""] = head.toString("latin1").split("\n");
  return /^#!.*\bsh\b/.test(line);
}

// Links (mode 120000) lead to guest paths.
const listed = spawnSync("git", ["ls-files", "--stage"], { cwd: root, encoding: "utf8" });
if (listed.status !== 0) {
  throw new Error(`git can't list the files: ${listed.stderr}`);
}
const files = listed.stdout
  .split("\n")
  .filter((line) => line.startsWith("100"))
  .map((line) => line.slice(line.indexOf("\t") + 1));
const scripts = files.filter(isShellScript);
if (scripts.length < 5) {
  throw new Error(`only ${scripts.length} shell scripts were found`);
}
const { status } = spawnSync("shellcheck", ["--severity=warning", ...scripts], {
  cwd: root,
  stdio: "inherit",
});
console.log(`${scripts.length} shell scripts checked`);
process.exit(status ?? 1);
