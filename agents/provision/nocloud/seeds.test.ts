import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { provisionOf } from "./nocloud.ts";

const blob = (letter: string) => letter.repeat(68);
const key = `ssh-ed25519 ${blob("A")} me@here`;
const second = `ssh-rsa ${blob("B").repeat(5)} it's "me": #1`;
const stranger = `ssh-ed25519 ${blob("S")} stranger`;

const config = (text: string) => ({ "user-data": `#cloud-config\n${text}` });
const meta = (text: string) => ({ "meta-data": text });

function read(files: Record<string, string | Buffer>) {
  const bytes = Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]);
  return provisionOf("test", Object.fromEntries(bytes), []);
}

/** Keys by whom they let in: "me" is the user that the machine is for. */
function keysOf(files: Record<string, string | Buffer>): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { name = "me", keys } of read(files).users) {
    if (keys.length > 0) {
      found[name] = [...(found[name] ?? []), ...keys];
    }
  }
  return found;
}

/** As `cloud-init devel make-mime` and terraform's cloudinit_config write it. */
function mime(encoding: string, ...parts: [type: string, text: string][]): string {
  const encoded = (text: string) =>
    encoding === "base64"
      ? Buffer.from(text)
          .toString("base64")
          .replaceAll(/(.{76})/g, "$1\n")
      : text;
  const boundary = "===============2345==";
  const head = `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\nNumber-Attachments: 2\n\n`;
  const body = parts.map(
    ([type, text]) =>
      `--${boundary}\nMIME-Version: 1.0\nContent-Type: ${type}; charset="utf-8"\nContent-Transfer-Encoding: ${encoding}\nContent-Disposition: attachment; filename="part"\n\n${encoded(text)}\n`,
  );
  return `${head}${body.join("")}--${boundary}--\n`;
}

/** What PyYAML writes, which folds at 80 columns. */
function pyYaml(value: unknown, options = ""): string {
  const program = `import json, sys, yaml; print(yaml.safe_dump(json.load(sys.stdin)${options}), end="")`;
  return execFileSync("/usr/bin/python3", ["-c", program], {
    input: JSON.stringify(value),
    encoding: "utf8",
  });
}

const asked = { hostname: "web", ssh_authorized_keys: [key, second] };
const inUser = { users: ["default", { name: "root", ssh_authorized_keys: [key] }] };
/** terraform's yamlencode: each name and text in double quotes. */
const yamlencode = `"hostname": "web"\n"ssh_authorized_keys":\n- ${JSON.stringify(key)}\n- ${JSON.stringify(second)}\n`;

describe("NoCloud's seeds as tools and people write them give each key to whom it is for:", () => {
  test.each<[string, Record<string, string | Buffer>, Record<string, string[]>]>([
    ["a plain list", config(`ssh_authorized_keys:\n  - ${key}\n`), { me: [key] }],
    ["the old spelling", config(`ssh-authorized-keys:\n- ${key} # mine\n`), { me: [key] }],
    ["one text instead of a list", config(`ssh_authorized_keys: ${key}\n`), { me: [key] }],
    ["terraform's yamlencode", config(yamlencode), { me: [key, second] }],
    [
      "yamlencode, indented by a heredoc",
      config(yamlencode.replaceAll(/^/gm, "    ")),
      { me: [key, second] },
    ],
    ["terraform's jsonencode", config(JSON.stringify(asked)), { me: [key, second] }],
    ["jsonencode, indented", config(JSON.stringify(asked, null, 2)), { me: [key, second] }],
    ["JSON with tabs", config(JSON.stringify(asked, null, "\t")), { me: [key, second] }],
    ["JSON of users", config(JSON.stringify(inUser)), { root: [key] }],
    [
      "a block text, - |-",
      config(`ssh_authorized_keys:\n  - |-\n    ${key}\n  - |\n    ${second}\n`),
      { me: [key, second] },
    ],
    [
      "a folded text, - >-",
      config(`ssh_authorized_keys:\n  - >-\n    ssh-ed25519\n    ${blob("A")}\n    me@here\n`),
      { me: [key] },
    ],
    [
      "a block text of two keys",
      config(`ssh_authorized_keys:\n- |\n  ${key}\n  ${stranger}\n`),
      { me: [key, stranger] },
    ],
    [
      "a key on the line after the dash",
      config(`ssh_authorized_keys:\n  -\n    ${key}\n  - \n    "${key}"\n`),
      { me: [key, key] },
    ],
    [
      "a flow list over several lines",
      config(`ssh_authorized_keys: [\n  ${JSON.stringify(key)},\n  ${JSON.stringify(second)}\n]\n`),
      { me: [key, second] },
    ],
    [
      "a flow list whose lines start at the left",
      config(
        `ssh_authorized_keys: [\n${JSON.stringify(key)},\n${JSON.stringify(second)}\n]\nhostname: web\n`,
      ),
      { me: [key, second] },
    ],
    [
      "users: [{…}]",
      config(`users: [{name: default, ssh_authorized_keys: [${key}]}]\n`),
      { me: [key] },
    ],
    [
      "users: [{ over lines",
      config(`users: [{\n  "name": "root",\n  "ssh_authorized_keys": [\n    "${key}"\n]}]\n`),
      { root: [key] },
    ],
    [
      "users as a map",
      config(`users:\n  root:\n    ssh_authorized_keys: ["${key}"]\n`),
      { root: [key] },
    ],
    [
      "a user whose keys stand before his name",
      config(`users:\n  - ssh_authorized_keys:\n      - ${key}\n    name: root\n`),
      { root: [key] },
    ],
    [
      "users whose keys are one anchor",
      config(
        `x-keys: &keys\n- ${key}\nssh_authorized_keys: *keys\nusers:\n- {name: root, ssh_authorized_keys: *keys}\n`,
      ),
      { me: [key], root: [key] },
    ],
    [
      "a merged map",
      config(`base: &base {ssh_authorized_keys: [${key}]}\nusers:\n- <<: *base\n  name: root\n`),
      { root: [key] },
    ],
    [
      "the default user under his other name",
      config(
        `user: {name: ubuntu, ssh_authorized_keys: [${key}]}\nusers: [default, {name: ubuntu, ssh_authorized_keys: [${stranger}]}]\n`,
      ),
      { me: [key, stranger] },
    ],
    [
      "somebody else",
      config(`users:\n- name: eve\n  ssh_authorized_keys: [${stranger}]\n`),
      { eve: [stranger] },
    ],
    [
      "lines that end as on Windows, with a byte order mark",
      { "user-data": `\uFEFF#cloud-config\r\nssh_authorized_keys:\r\n  - ${key}\r\n` },
      { me: [key] },
    ],
    [
      "gzip",
      { "user-data": gzipSync(`#cloud-config\nssh_authorized_keys: ["${key}"]\n`) },
      { me: [key] },
    ],
    [
      "MIME multipart with base64",
      {
        "user-data": mime(
          "base64",
          ["text/x-shellscript", "#!/bin/sh\n"],
          ["text/cloud-config", `#cloud-config\n${yamlencode}`],
        ),
      },
      { me: [key, second] },
    ],
    [
      "MIME multipart in 7 bits, with CRLF",
      {
        "user-data": mime(
          "7bit",
          ["text/cloud-config", yamlencode],
          ["text/plain", `#cloud-config\nusers: [{name: root, ssh_authorized_keys: ["${key}"]}]\n`],
        ).replaceAll("\n", "\r\n"),
      },
      { me: [key, second], root: [key] },
    ],
    [
      "MIME multipart, quoted-printable",
      {
        "user-data": mime("quoted-printable", [
          "text/cloud-config",
          `ssh_authorized_keys:\n- "${key.slice(0, 60)}=\n${key.slice(60)}=22\n`,
        ]),
      },
      { me: [key] },
    ],
    [
      "MIME multipart in gzip",
      { "user-data": gzipSync(mime("base64", ["text/cloud-config", yamlencode])) },
      { me: [key, second] },
    ],
    [
      "an archive",
      {
        "user-data": `#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    ssh_authorized_keys:\n    - ${key}\n- "#!/bin/sh\\nssh_authorized_keys: x"\n`,
      },
      { me: [key] },
    ],
    ["PyYAML", config(pyYaml(asked)), { me: [key, second] }],
    [
      "PyYAML in flow style",
      config(pyYaml(asked, ", default_flow_style=True")),
      { me: [key, second] },
    ],
    [
      "PyYAML in double quotes",
      config(pyYaml(asked, ", default_style='\"'")),
      { me: [key, second] },
    ],
    [
      "PyYAML in single quotes",
      config(pyYaml(asked, ', default_style="\'"')),
      { me: [key, second] },
    ],
    ["PyYAML's block texts", config(pyYaml(asked, ", default_style='|'")), { me: [key, second] }],
    [
      "meta-data: a list",
      meta(`instance-id: i\npublic-keys:\n  - ${key}\n  - ${JSON.stringify(second)}\n`),
      { me: [key, second] },
    ],
    ["meta-data: one text", meta(`public-keys: ${key}\n`), { me: [key] }],
    [
      "meta-data: a text of lines",
      meta(`public-keys: |\n  ${key}\n  ${second}\n`),
      { me: [key, second] },
    ],
    [
      "meta-data: a map by name",
      meta(`public-keys: {mine: "${key}", "other": ${JSON.stringify(second)}}\n`),
      { me: [key, second] },
    ],
    [
      "meta-data: a map by name of lists",
      meta(`public-keys:\n  mine:\n    - ${key}\n    - ${JSON.stringify(second)}\n`),
      { me: [key, second] },
    ],
    [
      "meta-data: a map by number",
      meta(
        `public-keys:\n  0:\n    openssh-key: ${key}\n  "1": {openssh-key: ${JSON.stringify(second)}}\n`,
      ),
      { me: [key, second] },
    ],
    ["meta-data: a list of maps", meta(`public-keys: [{openssh-key: "${key}"}]\n`), { me: [key] }],
    [
      "meta-data: as JSON",
      meta(JSON.stringify({ "instance-id": "i", public_keys: { a: key } }, null, 1)),
      { me: [key] },
    ],
    [
      "meta-data by PyYAML",
      meta(pyYaml({ "public-keys": { 0: { "openssh-key": second } } })),
      { me: [second] },
    ],
  ])("%s", (_, files, keys) => {
    expect(keysOf(files)).toEqual(keys);
    expect(read(files).warnings).toEqual([]);
  });
});

const inBlock = `    ssh_authorized_keys:\n      - ${stranger}\n    users:\n      - name: root\n        ssh_authorized_keys: ["${stranger}"]\n`;

describe("a key that stands in no documented place lets nobody in:", () => {
  test.each<[string, Record<string, string | Buffer>, string[]]>([
    [
      "in a file's content",
      config(`write_files:\n- path: /x\n  content: |\n${inBlock}`),
      ["write_files"],
    ],
    [
      "in a file's content at the left",
      config(`write_files:\n- content: "\n\n    ssh_authorized_keys:\n\n    - ${stranger}"\n`),
      ["write_files"],
    ],
    ["in a script's text", config(`runcmd:\n- |\n${inBlock}`), ["runcmd"]],
    ["in a comment", config(`# ssh_authorized_keys:\n#  - ${stranger}\n`), []],
    [
      "in another map",
      config(
        `other:\n  ssh_authorized_keys: [${stranger}]\nsystem_info: {default_user: {ssh_authorized_keys: [${stranger}]}}\n`,
      ),
      ["other", "system_info"],
    ],
    ["under the names of meta-data", config(`public-keys: [${stranger}]\n`), ["public-keys"]],
    [
      "in meta-data, under the names of user-data",
      meta(
        `ssh_authorized_keys: [${stranger}]\nusers: [{name: root, ssh_authorized_keys: [${stranger}]}]\n`,
      ),
      ["meta-data ssh_authorized_keys", "meta-data users"],
    ],
    [
      "in a script",
      { "user-data": `#!/bin/sh\nssh_authorized_keys:\n- ${stranger}\n` },
      ["a script"],
    ],
    [
      "in a script of a MIME message",
      { "user-data": mime("7bit", ["text/x-shellscript", `ssh_authorized_keys: [${stranger}]\n`]) },
      ["a part of type text/x-shellscript"],
    ],
    [
      "between the parts of a MIME message",
      {
        "user-data": mime("7bit", ["text/cloud-config", "hostname: web"]).replace(
          "\n\n",
          `\n\nssh_authorized_keys: [${stranger}]\n`,
        ),
      },
      [],
    ],
    [
      "in vendor-data",
      { "vendor-data": `#cloud-config\nssh_authorized_keys: [${stranger}]\n` },
      ["vendor-data"],
    ],
    [
      "at an include",
      { "user-data": `#include\nhttp://example.org/${stranger}\n` },
      ["an include"],
    ],
    [
      "by import, passwords and commands",
      config(
        `ssh_import_id: [gh:eve]\nchpasswd: {list: "tc:x"}\nssh_pwauth: true\npassword: x\nbootcmd: [reboot]\n`,
      ),
      ["ssh_import_id", "chpasswd", "ssh_pwauth", "password", "bootcmd"],
    ],
    [
      "by what a user has besides",
      config("users:\n- {name: root, ssh_import_id: [gh:eve], plain_text_passwd: x}\n"),
      ["users.root.ssh_import_id", "users.root.plain_text_passwd"],
    ],
  ])("%s", (_, files, notHonoured) => {
    expect(keysOf(files)).toEqual({});
    expect(read(files).notHonoured).toEqual(notHonoured);
  });
});

describe("what can't be read", () => {
  test.each<[string, Record<string, string | Buffer>, RegExp]>([
    ["no YAML", config("a: b: c\n"), /^user-data: line 2: /],
    [
      "a second document",
      config("a: b\n---\nssh_authorized_keys: []\n"),
      /line 3: a second document starts/,
    ],
    [
      "an alias that expands without end",
      config(
        `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi".replaceAll(
          /./g,
          (c) =>
            `${c}: &${c} [${Array(9)
              .fill(`*${String.fromCharCode(c.charCodeAt(0) - 1)}`)
              .join(",")}]\n`,
        )}`,
      ),
      /alias/,
    ],
    ["depth", config(`a: ${"[".repeat(5000)}`), /nested more than 64 deep/],
    ["length", config("- x\n".repeat(40_000)), /more than 30000/],
    [
      "a gzip that unpacks to more than anybody sends",
      { "user-data": gzipSync(Buffer.alloc(50 << 20)) },
      /larger than 1048576 bytes/,
    ],
    [
      "a damaged gzip",
      { "user-data": gzipSync("#cloud-config\n").subarray(0, 20) },
      /^user-data: /,
    ],
    [
      "a MIME message that breaks off",
      { "user-data": mime("7bit", ["text/cloud-config", "a: b"]).slice(0, -30) },
      /the boundary .* is missing/,
    ],
    [
      "a MIME message of an unknown encoding",
      { "user-data": mime("x-uue", ["text/cloud-config", "a: b"]) },
      /"x-uue" is unknown/,
    ],
    ["a text that is nothing known", { "user-data": "hello" }, /doesn't start with #cloud-config/],
    ["a list as meta-data", meta("- x\n"), /^meta-data: it is not a map/],
  ])("is named and does nothing: %s", (_, files, warning) => {
    const { users, warnings } = read(files);
    expect(users).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  test("of several parts doesn't keep the others' keys out", () => {
    const parts = mime("7bit", ["text/cloud-config", "a: b: c"], ["text/cloud-config", yamlencode]);
    expect(keysOf({ "user-data": parts })).toEqual({ me: [key, second] });
    expect(read({ "user-data": parts }).warnings).toHaveLength(1);
  });

  test("a map without the line #cloud-config is read, and that is said", () => {
    const files = { "user-data": `ssh_authorized_keys: [${key}]\n` };
    expect(keysOf(files)).toEqual({ me: [key] });
    expect(read(files).warnings).toEqual([expect.stringContaining("not #cloud-config")]);
  });
});

describe("the host's name", () => {
  test.each([
    [config("hostname: web # x\n"), "web"],
    [config("hostname: 007\n"), "007"],
    [config("fqdn: web.example.org\n"), "web"],
    [config("hostname: web.example.org\n"), "web"],
    [config("hostname: a\nfqdn: b.example.org\n"), "a"],
    [config("fqdn: b.example.org\nprefer_fqdn_over_hostname: true\n"), "b.example.org"],
    [config("hostname: web\npreserve_hostname: yes\n"), undefined],
    [config("chef:\n  hostname: web\n"), undefined],
    [meta("local-hostname: web-7\n"), "web-7"],
    [meta("local-hostname: web-7.example.org\n"), "web-7"],
    [{ ...config("hostname: web\n"), ...meta("local-hostname: other\n") }, "web"],
  ])("of %j is %s", (files, name) => {
    expect(read(files).hostname).toBe(name);
  });
});
