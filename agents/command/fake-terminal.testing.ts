import type { Terminal } from "./command.ts";

/** Keeps what a command said, for tests. */
export class FakeTerminal implements Terminal {
  readonly said: string[] = [];
  readonly errors: string[] = [];

  out(text: string): void {
    this.said.push(text);
  }

  err(text: string): void {
    this.errors.push(text);
  }
}
