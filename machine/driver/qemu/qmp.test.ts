import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectQmp } from "./qmp.ts";

const greetingText = '{"QMP": {"version": {}, "capabilities": []}}\r\n';
const event = '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "RESUME"}\r\n';

let folder: string;
let path: string;
let server: Server | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmp-"));
  path = join(folder, "monitor");
});
afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

/** A monitor that greets, then answers each command as it is told. */
function monitor(
  answer: (command: string, id: string, socket: Socket) => void,
  greeting = greetingText,
): Promise<void> {
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write(greeting);
    socket.on("data", (data) => {
      for (const line of data.toString().trim().split("\n")) {
        const { execute, id }: { execute: string; id: string } = JSON.parse(line);
        answer(execute, id, socket);
      }
    });
  });
  return new Promise((resolve) => server?.listen(path, resolve));
}

const reply = (id: string, value: unknown) => `${JSON.stringify({ return: value, id })}\r\n`;

test("a reply among events is found", async () => {
  await monitor((command, id, socket) => {
    socket.write(event + reply(id, { command }) + event);
  });
  const connection = await connectQmp(path, 60_000);
  expect(await connection.execute("query-status")).toEqual({ command: "query-status" });
  connection.close();
});

test("replies go to the commands that asked, in whatever order they come", async () => {
  const held: string[] = [];
  await monitor((command, id, socket) => {
    if (command === "first") {
      held.push(reply(id, 1));
    } else {
      socket.write(reply(id, 2) + held.join(""));
    }
  });
  const connection = await connectQmp(path, 60_000);
  const first = connection.execute("first");
  const second = connection.execute("second");
  expect(await Promise.all([first, second])).toEqual([1, 2]);
  connection.close();
});

test("a refusal is an error with QEMU's words, and the connection goes on", async () => {
  await monitor((command, id, socket) => {
    const error = { class: "CommandNotFound", desc: "The command frob has not been found" };
    socket.write(command === "frob" ? `${JSON.stringify({ error, id })}\r\n` : reply(id, command));
  });
  const connection = await connectQmp(path, 60_000);
  await expect(connection.execute("frob")).rejects.toThrow("The command frob has not been found");
  expect(await connection.execute("stop")).toBe("stop");
  connection.close();
});

test("a monitor that is gone is refused at once", async () => {
  await expect(connectQmp(path, 60_000)).rejects.toMatchObject({ kind: "refused" });
});

test("a monitor that says nothing is given up after the deadline", async () => {
  await monitor(() => undefined, "");
  await expect(connectQmp(path, 50)).rejects.toMatchObject({ kind: "silent" });
});

test("a monitor that greets but doesn't answer is given up after the deadline", async () => {
  await monitor(() => undefined);
  await expect(connectQmp(path, 50)).rejects.toMatchObject({ kind: "silent" });
});

test("a monitor that ends before it answers is told", async () => {
  await monitor((command, id, socket) => {
    if (command === "quit") {
      socket.destroy();
    } else {
      socket.write(reply(id, {}));
    }
  });
  const connection = await connectQmp(path, 60_000);
  await expect(connection.execute("quit")).rejects.toMatchObject({ kind: "closed" });
  await expect(connection.execute("query-status")).rejects.toMatchObject({ kind: "closed" });
});

test("something that isn't a monitor is told by what it said", async () => {
  await monitor(() => undefined, "220 mail.example ESMTP\r\n");
  await expect(connectQmp(path, 60_000)).rejects.toThrow(/isn't JSON: 220 mail/);
});
