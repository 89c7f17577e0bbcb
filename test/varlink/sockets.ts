// sockets.ts: how the sockets of Varlink's services are served, by the processes that serve them: for whom an address is,
// what a client that is gone leaves, and that nothing is left in memory after the last. Prints one line.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as net from "node:net";

const own = "/run/boot2podman/io.boot2podman";
/** As many as are served at a time. */
const most = 64;
/** A host may be slow. */
const patienceMs = 120_000;

const clients: net.Socket[] = [];

function connect(path: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    clients.push(socket);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}

function ask(socket: net.Socket, method: string, wants: object = {}): Promise<{ error?: string }> {
  return new Promise((resolve, reject) => {
    let said = "";
    socket.on("data", (bytes) => {
      said += bytes;
      const end = said.indexOf("\0");
      if (end !== -1) {
        resolve(JSON.parse(said.slice(0, end)));
      }
    });
    socket.once("close", () => reject(new Error(`${method}: the connection was ended`)));
    socket.write(`${JSON.stringify({ method, parameters: {}, ...wants })}\0`);
  });
}

/** Processes that serve a service, by what /proc says. */
function servers(name: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`serve\0${name}\0`)
      );
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

async function until(what: string, holds: () => boolean): Promise<number> {
  const begunMs = Date.now();
  while (!holds()) {
    if (Date.now() - begunMs > patienceMs) {
      throw new Error(`${what}: not so after ${patienceMs / 1000} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return Date.now() - begunMs;
}

const get = "io.boot2podman.Status.Get";
// All places are taken by clients that watch, of which one reads nothing and another has said half a call.
const watching = await Promise.all(Array.from({ length: most - 2 }, () => connect(own)));
for (const client of watching) {
  assert.equal((await ask(client, get, { more: true })).error, undefined);
}
const slow = await connect(own);
slow.pause();
slow.write(`${JSON.stringify({ method: get })}\0`.repeat(1000));
const half = await connect(own);
half.write('{"method":');
const another = await connect(own);
assert.equal((await ask(another, get)).error, undefined);
assert.equal((await ask(await connect(own), "io.boot2podman.Keys.List")).error, undefined);
for (const method of ["Keys.Rotate", "Disks.SetUp", "Disks.DryRun"]) {
  const { error } = await ask(await connect(own), `io.boot2podman.${method}`);
  assert.equal(error, "org.varlink.service.PermissionDenied");
}
// Clients that go without a word, while the service has nothing to tell them.
assert.equal(servers("boot2podman").length, 1);
for (const client of clients) {
  client.destroy();
}
const restedMs = await until(
  "nothing in memory after the last client",
  () => servers("boot2podman").length === 0,
);
assert.ok(restedMs > 5_000, "it is kept for whoever comes at once");
console.log(`served ${most}, and gone ${Math.round(restedMs / 1000)} s after the last`);
process.exit(0);
