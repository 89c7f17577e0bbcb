#!/usr/bin/env bun
import { report } from "./commands/program.ts";
import { processTerminal } from "./commands/terminal.ts";
import { quickStart } from "./quick-start/quick-start.ts";

const terminal = processTerminal();
try {
  process.exitCode = await quickStart(terminal);
} catch (error) {
  process.exitCode = report(error, terminal, Boolean(process.env.MACHINE_DEBUG));
}
