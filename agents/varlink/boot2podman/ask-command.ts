import type { Kernel } from "../../kernel/kernel.ts";
import type { Json } from "../json/json.ts";

/** What commands of this system say with --json. */
export class Commands {
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly kernel: Pick<Kernel, "run">) {}

  /** One after another, so that many who ask need no more memory than one. Throws an Error in the command's words. */
  async inTurn(words: readonly string[], gone: AbortSignal): Promise<Json> {
    const answer = this.#last.then(async () => (gone.aborted ? null : await this.atOnce(words)));
    this.#last = answer.catch(() => undefined);
    return await answer;
  }

  /**
   * Beside whatever else runs, for as long as it takes. Throws an Error in the words of a command that fails without
   * saying more as JSON.
   */
  async atOnce(words: readonly string[], timeoutMs?: number): Promise<Json> {
    const options = timeoutMs === undefined ? {} : { timeoutMs };
    const { exitCode, stdout, stderr } = await this.kernel.run([...words, "--json"], options);
    if (exitCode !== 0 && !/^[{[]/.test(stdout)) {
      throw new Error(stderr.trim().split("\n").at(-1) || `${words[0]} ended with ${exitCode}`);
    }
    // Our own commands' JSON; whoever reads it takes each member only for what it is.
    return JSON.parse(stdout) as Json;
  }
}
