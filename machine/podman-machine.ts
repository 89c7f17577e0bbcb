#!/usr/bin/env bun
import { runCommandLine } from "./commands/program.ts";
import { processCaller } from "./commands/terminal.ts";

// Not process.exit(): what is still on its way to a pipe would be lost.
process.exitCode = await runCommandLine(process.argv.slice(2), processCaller());
