import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { run, runOk } from "../harness/run.ts";
import { type Client, image, program } from "./client.ts";

/** docker's own client on this host; undefined when there is none. */
export function dockerOnHost(): string | undefined {
  return ["/usr/bin/docker", "/usr/local/bin/docker"].find((file) => existsSync(file));
}

/** docker's own client over ssh, with the image that podmanWorks has built. */
export async function dockerWorks(client: Client, docker: string): Promise<void> {
  const text = await runOk([program, "env", "--json", client.machine], { env: client.env });
  const variables: NodeJS.ProcessEnv = JSON.parse(text);
  const bin = path.join(client.folder, "docker-bin");
  await mkdir(bin);
  await writeFile(
    path.join(bin, "ssh"),
    `#!/bin/sh\nexec ${client.env.PERSON_BIN}/person-ssh "$@"\n`,
  );
  await chmod(path.join(bin, "ssh"), 0o755);
  const env = { ...client.env, ...variables, PATH: `${bin}:${process.env.PATH}` };
  expect(await runOk([docker, "version", "--format", "{{.Server.Version}}"], { env })).toMatch(
    /^5\./,
  );
  const made = await run([docker, "run", "--rm", image, "echo", "by docker"], {
    env,
  });
  expect(made).toMatchObject({ exitCode: 0, stdout: "by docker\n" });
}
