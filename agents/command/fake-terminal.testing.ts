import type { Terminal } from "./command.ts";

/** Keeps what a command said, for tests. */
export class FakeTerminal implements Terminal {
  readonly said: string[] = [];
  readonly complained: string[] = [];

  out(text: string): void {
    this.said.push(text);
  }

  err(text: string): void {
    this.complained.push(text);
  }
}
