/**
 * Modules of Bun that no agent loads, by the beginning of their names: QUIC and HTTP/2, databases, its REPL, test
 * runner and debugger, WASI, stand-ins for packages. Names that an agent comes to import must go from here;
 * loading one fails in words. No module that stays asks for one of these, be it when it is used: clusters stay for
 * sockets of node:dgram, which load them when they are bound, and internal/streams/iter for node:stream.
 */
const unusedModules: readonly string[] = [
  "bun/sql",
  "internal-for-testing",
  "internal/bake",
  "internal/http2",
  "internal/inspector/",
  "internal/quic/",
  // Of the REPL only these: node:readline needs the others.
  "internal/repl/acorn",
  "internal/repl/await",
  "internal/repl/completion",
  "internal/repl/utils",
  "internal/sql/",
  "internal/test_runner/",
  "node/http2",
  "node/inspector",
  "node/quic",
  "node/repl",
  "node/test",
  "node/wasi",
  "thirdparty/",
];

/** How Bun's own modules begin in its program: as text, one behind the other. */
const moduleStart =
  /\(function \(\)\{"use strict";\/\/ build\/release\/tmp_modules\/([\w./-]+)\.ts\n/g;

/**
 * Takes the text of modules that agents never load out of a Bun program. What is left in their place throws when it is
 * loaded, and spaces, which compress to nothing. Returns how many bytes became spaces, 0 when the program has no such
 * modules.
 */
export function blankRuntimeModules(program: Buffer): number {
  // Each byte is one character: positions in the text are those in the program.
  const starts = [...program.toString("latin1").matchAll(moduleStart)];
  let blankedBytes = 0;
  for (const [index, { 1: name = "", index: from }] of starts.entries()) {
    const end = starts[index + 1]?.index;
    // The last one's end is written nowhere: it stays.
    const isUnused = unusedModules.some((one) => name.startsWith(one));
    if (end === undefined || !isUnused) {
      continue;
    }
    const stub = `(function (){throw new Error("${name} is not part of this program")})`;
    if (end - from < stub.length) {
      continue;
    }
    program.fill(" ", from, end);
    program.write(stub, from, "latin1");
    blankedBytes += end - from;
  }
  return blankedBytes;
}
