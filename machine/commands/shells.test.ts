import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellNamed } from "./shells.ts";

test.each([
  ["bash", 'export K="V"', "unset K", "# eval $(CMD)"],
  ["/usr/bin/zsh", 'export K="V"', "unset K", "# eval $(CMD)"],
  ["/usr/bin/fish", 'set -gx K "V";', "set -e K;", "# eval (CMD)"],
  ["powershell", '$Env:K = "V"', "Remove-Item Env:\\K", "# & CMD | Invoke-Expression"],
  ["cmd", "SET K=V", "SET K=", "REM @FOR /f \"tokens=*\" %i IN ('CMD') DO @%i"],
  ["tcsh", 'setenv K "V";', "unsetenv K;", "# eval `CMD`"],
  [
    "emacs",
    '(setenv "K" "V")',
    '(setenv "K" nil)',
    ';; (with-temp-buffer (shell-command "CMD" (current-buffer)) (eval-buffer))',
  ],
])("%s sets by %s, unsets by %s, and is told %s", (name, set, unset, hint) => {
  const shell = shellNamed(name);
  expect(shell.set("K", "V")).toBe(set);
  expect(shell.unset("K")).toBe(unset);
  expect(shell.hint("CMD").at(-1)).toBe(hint);
});

test("a POSIX shell reads back any value", () => {
  const value = 'a "b" $HOME `id` \\ c';
  const script = `${shellNamed("sh").set("K", value)}\nprintf %s "$K"`;
  expect(spawnSync("sh", ["-c", script]).stdout.toString()).toBe(value);
});
