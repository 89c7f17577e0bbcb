#!/usr/bin/env bun
import { basename } from "node:path";
import { argumentsAs } from "./commands/called-as.ts";
import { runCommandLine } from "./commands/program.ts";
import { processCaller } from "./commands/terminal.ts";

// Not process.exit(): what is still on its way to a pipe would be lost.
process.exitCode = await runCommandLine(
  argumentsAs(basename(process.argv0), process.argv.slice(2)),
  processCaller(),
);
