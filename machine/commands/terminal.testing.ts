import type { Terminal } from "./terminal.ts";

/** A terminal that remembers what was printed and answers as it is told. */
export interface TestTerminal extends Terminal {
  readonly printed: string[];
  readonly errors: string[];
}

/** Makes one whose store is in a folder. */
export function makeTestTerminal(store: string, answers: readonly string[] = []): TestTerminal {
  const printed: string[] = [];
  const errors: string[] = [];
  const left = [...answers];
  return {
    printed,
    errors,
    out: (line) => printed.push(line),
    write: (text) => printed.push(text),
    error: (line) => errors.push(line),
    status: () => undefined,
    ask(question) {
      printed.push(question);
      return Promise.resolve(left.shift() ?? "");
    },
    interactive: false,
    environment: { MACHINE_STORAGE_PATH: store, SHELL: "/bin/bash", PODMAN_MACHINE_NAME: "box" },
    home: "/nonexistent",
  };
}
