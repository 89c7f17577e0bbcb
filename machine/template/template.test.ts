import { describe, expect, test } from "vitest";
import { renderTemplate } from "./render.ts";

const machine = {
  Name: "box",
  Driver: { SSHPort: 40_000, IPAddress: "127.0.0.1", Labels: ["a=1", "b=2"] },
  HostOptions: {},
  Rootful: true,
};

// As Go's text/template prints them.
test.each([
  ["", ""],
  ["text", "text"],
  ["{{.Name}}", "box"],
  ["{{ .Driver.SSHPort }}", "40000"],
  ["{{$.Name}}", "box"],
  ["{{.Name}}:{{.Driver.IPAddress}}", "box:127.0.0.1"],
  ["{{json .Name}}", '"box"'],
  ["{{json .Driver}}", '{"SSHPort":40000,"IPAddress":"127.0.0.1","Labels":["a=1","b=2"]}'],
  ["{{.Driver | json}}", '{"SSHPort":40000,"IPAddress":"127.0.0.1","Labels":["a=1","b=2"]}'],
  ["{{prettyjson .HostOptions}}", "{}"],
  ['{{index .Driver "SSHPort"}}', "40000"],
  ["{{index .Driver.Labels 1}}", "b=2"],
  ['{{printf "%s is %-4d|" .Name 7}}', "box is 7   |"],
  ['{{printf "%q" .Name}}', '"box"'],
  ["{{len .Driver.Labels}}", "2"],
  ["{{.Driver.Labels}}", "[a=1 b=2]"],
  ["{{if .Rootful}}yes{{else}}no{{end}}", "yes"],
  ["{{if not .Rootful}}yes{{else}}no{{end}}", "no"],
  ['{{if eq .Name "a" "box"}}yes{{end}}', "yes"],
  ['{{if and .Rootful (ne .Name "x")}}yes{{end}}', "yes"],
  ['{{if eq .Name "x"}}1{{else if eq .Name "box"}}2{{else}}3{{end}}', "2"],
  ["{{with .Driver}}{{.SSHPort}}{{end}}", "40000"],
  ["{{with .HostOptions}}some{{else}}none{{end}}", "none"],
  ["{{range .Driver.Labels}}{{.}};{{end}}", "a=1;b=2;"],
  ["{{range $i, $l := .Driver.Labels}}{{$i}}={{$l}} {{end}}", "0=a=1 1=b=2 "],
  ["{{$n := .Name}}{{$n}}{{$n}}", "boxbox"],
  ["a {{- .Name -}} b", "aboxb"],
  ["{{/* nothing */}}x", "x"],
  ['{{"}}"}}', "}}"],
  ["{{`raw`}}", "raw"],
  ["{{.Name | upper}}", "BOX"],
  ['{{join .Driver.Labels ","}}', "a=1,b=2"],
  ["{{println .Name}}", "box\n"],
  ["{{gt .Driver.SSHPort 1024}}", "true"],
])("%s gives %j", (template, expected) => {
  expect(renderTemplate(template, machine)).toBe(expected);
});

describe("a wrong template is wrong usage, and says what is wrong", () => {
  test.each([
    ["{{.Nam}}", "names .Nam: there are .Name, .Driver"],
    ["{{.Name.x}}", "names .x: there is nothing in it"],
    ["{{frob .Name}}", 'names the function "frob"'],
    ["{{.Name", "a }} is missing"],
    ["{{if .Name}}", "an {{end}} is missing"],
    ["{{end}}", "without a matching start"],
    ["{{}}{{.Name .Name}}", "arguments to something that is not a function"],
    ["{{$x}}", "names $x, which it hasn't set"],
    ["{{(.Name}}", "a ( without its )"],
    ["{{range .Name}}{{end}}", "which is not a list"],
    ["{{.Name :}}", "where it is not allowed"],
  ])("%s", (template, message) => {
    expect(() => renderTemplate(template, machine)).toThrow(message);
  });
});
