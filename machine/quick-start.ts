#!/usr/bin/env bun
import { report } from "./commands/program.ts";
import { processCaller } from "./commands/terminal.ts";
import { quickStart } from "./quick-start/quick-start.ts";

const caller = processCaller();
try {
  process.exitCode = await quickStart(caller);
} catch (error) {
  process.exitCode = report(error, caller.terminal, Boolean(process.env.MACHINE_DEBUG));
}
