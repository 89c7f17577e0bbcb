import { dirname } from "node:path";

/** The program for extensions, which lies as text beside the agents' and is loaded by who needs it. */
export async function loadBeside(): Promise<typeof import("./program.ts")> {
  // A name that the compiler doesn't see.
  const beside: string = `${dirname(process.execPath)}/extension.js`;
  return (await import(beside)) as typeof import("./program.ts");
}
