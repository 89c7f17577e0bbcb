import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { sourceFiles } from "../cache/sources.ts";
import { bunPath } from "../fetch/runtime.ts";
import { blankRuntimeModules } from "./runtime-modules.ts";

const folder = mkdtempSync(join(tmpdir(), "b2p-runtime-"));
afterAll(() => rmSync(folder, { recursive: true }));

const moduleOf = (name: string, body: string) =>
  `(function (){"use strict";// build/release/tmp_modules/${name}.ts\n${body}})`;

describe("Bun's own modules in a program", () => {
  test("that no agent loads become spaces, and all else stays as it is", () => {
    const kept = moduleOf("node/fs", "return 1;");
    const unused = moduleOf("internal/repl/acorn", "return 2;".repeat(40));
    const last = moduleOf("thirdparty/ws", "return 3;".repeat(40));
    const program = Buffer.from(`\x7fELF ${kept}${unused}${kept}${last}\0code`, "latin1");
    const before = Buffer.from(program);
    expect(blankRuntimeModules(program)).toBe(unused.length);
    expect(program.length).toBe(before.length);
    const text = program.toString("latin1");
    expect(text.slice(text.indexOf("(function (){throw"))).toMatch(
      /^\(function \(\)\{throw new Error\("internal\/repl\/acorn is not part of this program"\)\}\) +\(function/,
    );
    expect(text.replace(/\(function \(\)\{throw.*?\}\) +/, unused)).toBe(before.toString("latin1"));
  });

  test("are left alone where there are none", () => {
    const program = Buffer.from('a program with (function (){"use strict";// something else');
    const before = Buffer.from(program);
    expect(blankRuntimeModules(program)).toBe(0);
    expect(program).toEqual(before);
  });

  test("that are gone fail in words when they are loaded, and the others work", () => {
    const program = readFileSync(bunPath(join(import.meta.dirname, "../..")));
    expect(blankRuntimeModules(program)).toBeGreaterThan(500_000);
    const path = join(folder, "bun");
    writeFileSync(path, program);
    chmodSync(path, 0o755);
    const run = (code: string) =>
      execFileSync(path, ["-e", code], { encoding: "utf8", env: { HOME: folder } });
    expect(run('console.log(require("node:fs").existsSync("/"))')).toBe("true\n");
    expect(run('try { require("node:repl"); } catch (error) { console.log(error.message); }')).toBe(
      "node/repl is not part of this program\n",
    );
    // With what these load in turn: readline, which the check of stores loads, has needed a part of the REPL.
    const imported = sourceFiles(join(import.meta.dirname, "../../agents"))
      .filter(({ path: file }) => !/\.(test|testing)\.ts$/.test(file))
      .flatMap(({ text }) => [...text.matchAll(/"(node:[\w/]+)"/g)].map(([, name]) => name));
    const names = [...new Set(imported)].sort();
    expect(names).toContain("node:readline");
    expect(run(`for (const name of ${JSON.stringify(names)}) require(name);`)).toBe("");
    const lines =
      'for await (const line of require("node:readline").createInterface({ input: require("node:stream").Readable.from(["a\\n"]).pipe(require("node:zlib").createGzip()).pipe(require("node:zlib").createGunzip()) })) console.log(line);';
    expect(run(`(async () => { ${lines} })()`)).toBe("a\n");
    // And what they load only when they are used, as for a question to a time server.
    const datagram =
      'const one = require("node:dgram").createSocket("udp4"); one.on("message", (text) => { console.log(String(text)); one.close(); }); one.bind(0, "127.0.0.1", () => one.send("b", one.address().port, "127.0.0.1"));';
    expect(run(datagram)).toBe("b\n");
    const connection =
      'const server = require("node:net").createServer((one) => one.end("c")).listen(0, "127.0.0.1", () => require("node:net").connect(server.address().port, "127.0.0.1").on("data", (text) => { console.log(String(text)); server.close(); }));';
    expect(run(connection)).toBe("c\n");
  });
});
