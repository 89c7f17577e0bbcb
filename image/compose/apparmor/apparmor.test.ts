import { describe, expect, it } from "vitest";
import { readRecipe } from "../../recipe/recipe.ts";
import { readPodmanProfile } from "./podman-profile.ts";
import { checkNames, compileProfile } from "./profiles.ts";

const template = `
{{range $value := .Imports}}
{{$value}}
{{end}}

profile {{.Name}} flags=(attach_disconnected,mediate_deleted) {
{{range $value := .InnerImports}}
  {{$value}}
{{end}}
  file,
{{if ge .Version 208096}}
  signal (send,receive) peer={{.Name}},
{{end}}
  deny @{PROC}/kcore rwklx,
{{if ge .Version 208095}}
  ptrace (trace,read) peer={{.Name}},
{{end}}
}
`;
/** A program with constants side by side, as Go lays them. */
const programWith = (...constants: string[]) =>
  Buffer.concat([Buffer.from([0x7f, 0, 0xff]), Buffer.from(constants.join("")), Buffer.alloc(9)]);

describe("Podman's AppArmor profile", () => {
  it("is found in its program, whatever lies beside it, and gets any name", () => {
    const program = programWith(
      "help.{{end}}",
      template,
      "# {{.Unit}}",
      "containers-default-0.62.2",
    );
    const profile = readPodmanProfile(program);
    expect(profile.name).toBe("containers-default-0.62.2");
    const lines = profile
      .textFor("other")
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    expect(lines).toEqual([
      "@{PROC}=/proc/",
      "profile other flags=(attach_disconnected,mediate_deleted) {",
      "file,",
      "signal (send,receive) peer=other,",
      "deny @{PROC}/kcore rwklx,",
      "ptrace (trace,read) peer=other,",
      "}",
    ]);
  });

  it.each([
    ["no profile", ["containers-default-0.62.2"]],
    ["no name", [template]],
    ["two names", [template, "containers-default-0.62.2", " containers-default-0.63.0"]],
  ])("a program with %s stops the build", (_, constants) => {
    expect(() => readPodmanProfile(programWith(...constants))).toThrow(/cannot find the AppArmor/);
  });

  it("a part of the template that isn't known stops the build", () => {
    const later = template.replace("  file,", "{{with .ABI}}{{.}}{{end}}\n  file,");
    const profile = readPodmanProfile(programWith(later, "containers-default-0.62.2"));
    expect(() => profile.textFor("x")).toThrow(/"\{\{with \.ABI\}\}" is not known/);
  });

  it("of a Podman with another name stops the build, which says what to add", () => {
    const { apparmor } = readRecipe(new URL("../../recipe.toml", import.meta.url).pathname);
    const profile = { name: "containers-default-9.0.0", textFor: String };
    expect(() => checkNames(profile, apparmor.profiles)).toThrow(
      /"containers-default-9\.0\.0".*keep/,
    );
  });

  it("is compiled the same way every time, for the kernel to read", async () => {
    const profile = readPodmanProfile(programWith(template, "containers-default-0.62.2"));
    const text = profile.textFor(profile.name);
    const policy = await compileProfile(text);
    expect(policy.includes(profile.name)).toBe(true);
    expect(await compileProfile(text)).toEqual(policy);
    await expect(compileProfile(`${text} no such rule`)).rejects.toThrow(/cannot compile/);
  });
});
