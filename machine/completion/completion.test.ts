import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { runCommandLine } from "../commands/program.ts";
import { makeTestCaller } from "../commands/terminal.testing.ts";

async function printed(...args: string[]): Promise<string> {
  const caller = makeTestCaller("/nonexistent");
  expect(await runCommandLine(args, caller)).toBe(0);
  return caller.printed.join("\n");
}

/** What bash offers after these words. */
function offered(script: string, ...words: string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const asked = `${script}
COMP_WORDS=(podman-machine ${quoted}); COMP_CWORD=${words.length}
_podman_machine; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return spawnSync("bash", ["-c", asked], { encoding: "utf8" }).stdout.trim().split("\n");
}

describe("completion", () => {
  test("podman-bootc has its own beside podman-machine's", async () => {
    const script = `${await printed("bootc", "completion", "bash")}
${await printed("completion", "bash")}
COMP_WORDS=(podman-bootc --machine x to-d); COMP_CWORD=3; _podman_bootc; echo "\${COMPREPLY[@]}"
COMP_WORDS=(podman-machine res); COMP_CWORD=1; _podman_machine; echo "\${COMPREPLY[@]}"`;
    const { stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    expect(stdout).toContain("to-disk\n");
    expect(stdout).toContain("restart");
  });

  test("bash offers commands, options and choices", async () => {
    const script = await printed("completion", "bash");
    expect(offered(script, "st")).toEqual(["start", "stop", "status"]);
    expect(offered(script, "-s", "/x", "resta")).toEqual(["restart"]);
    expect(offered(script, "create", "--acc")).toEqual(["--accelerator"]);
    expect(offered(script, "create", "--accelerator", "k")).toEqual(["kvm"]);
    expect(offered(script, "rm", "--f")).toEqual(["--force"]);
  });

  test("bash offers the names of machines", async () => {
    const script = `podman-machine() { echo box boxer; }\n${await printed("completion", "bash")}`;
    expect(offered(script, "stop", "b")).toEqual(["box", "boxer"]);
  });

  test.each(["bash", "zsh", "fish"])("%s knows every command and its options", async (shell) => {
    const script = await printed("completion", shell);
    for (const word of ["create", "scp", "upgrade", "boot-chart", "rollback", "disk-size"]) {
      expect(script).toContain(word);
    }
  });

  test("another shell is wrong usage", async () => {
    const caller = makeTestCaller("/nonexistent");
    expect(await runCommandLine(["completion", "tcsh"], caller)).toBe(2);
    expect(caller.errors.join()).toContain("Allowed choices are bash, zsh, fish");
  });
});

describe("the manual", () => {
  test("has its sections, every command, and no line that troff takes for a request", async () => {
    const page = await printed("man");
    expect(page.match(/^\.SH .*$/gm)).toEqual([
      ".SH NAME",
      ".SH SYNOPSIS",
      ".SH DESCRIPTION",
      ".SH GLOBAL OPTIONS",
      ".SH COMMANDS",
      ".SH ENVIRONMENT",
      ".SH FILES",
      ".SH EXIT STATUS",
      ".SH SEE ALSO",
    ]);
    expect(page).toContain(".SS upgrade [options] [names...]");
    expect(page).toContain("\\fB\\-\\-rollback\\fR");
    const requests = page.match(/^[.'].*$/gm) ?? [];
    expect(requests.filter((line) => !/^\.(TH|SH|SS|TP|B|BR|I)( |$)/.test(line))).toEqual([]);
  });
});
