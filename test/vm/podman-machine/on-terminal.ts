import { stripVTControlCharacters } from "node:util";
import { spawn } from "node-pty";
import { patienceMs } from "../harness/patience.ts";

/** Runs a program on a terminal of its own, types into it, and gives what it showed and its exit status. */
export function onTerminal(argv: string[], lines: string[], env: NodeJS.ProcessEnv) {
  const [command = "", ...args] = argv;
  return new Promise<{ text: string; exitCode: number }>((resolve, reject) => {
    const terminal = spawn(command, args, { cols: 80, rows: 24, env });
    let text = "";
    const timer = setTimeout(() => {
      terminal.kill("SIGKILL");
      reject(new Error(`${argv.join(" ")} doesn't end: ${text}`));
    }, patienceMs);
    const left = [...lines];
    terminal.onData((data) => {
      text += data;
      // The prompt is there: what is typed before it would be lost with the terminal's mode.
      if (/[#$] $/.test(stripVTControlCharacters(text))) {
        const line = left.shift();
        if (line !== undefined) {
          terminal.write(line);
        }
      }
    });
    terminal.onExit(({ exitCode }) => {
      clearTimeout(timer);
      resolve({ text, exitCode });
    });
  });
}
