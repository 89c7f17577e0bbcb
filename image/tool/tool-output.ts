import { Readable } from "node:stream";
import { runTool } from "./run-tool.ts";

/**
 * Gives bytes to a program and takes what it prints, whole.
 * @throws BuildError as {@link runTool} does: with the program, the purpose, and what it said.
 */
export async function toolOutput(
  tool: string,
  args: readonly string[],
  { purpose, input }: { purpose: string; input: string | Buffer },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await runTool(tool, args, {
    purpose,
    input: Readable.from([input]),
    onOutput: async (stdout) => {
      for await (const chunk of stdout) {
        chunks.push(Buffer.from(chunk));
      }
    },
  });
  return Buffer.concat(chunks);
}
