import type { Caller } from "./terminal.ts";

/** Somebody whose terminal remembers what was printed and answers as it is told. */
export interface TestCaller extends Caller {
  readonly printed: string[];
  readonly errors: string[];
}

/** Makes one whose store is in a folder. */
export function makeTestCaller(store: string, answers: readonly string[] = []): TestCaller {
  const printed: string[] = [];
  const errors: string[] = [];
  const left = [...answers];
  return {
    printed,
    errors,
    terminal: {
      out: (line) => printed.push(line),
      write: (text) => printed.push(text),
      error: (line) => errors.push(line),
      status: () => undefined,
      ask(question) {
        printed.push(question);
        return Promise.resolve(left.shift() ?? "");
      },
      interactive: false,
      isTerminal: false,
    },
    person: {
      environment: { MACHINE_STORAGE_PATH: store, SHELL: "/bin/bash", PODMAN_MACHINE_NAME: "box" },
      home: "/nonexistent",
    },
  };
}
