// What Podman 1.9's client does for a command, frame by frame.
import assert from "node:assert/strict";
import { Client, type Reply } from "../client.ts";

/** The socket, an image that is there, and a registry's address. */
export const [socket = "", image = "", registry = ""] = process.argv.slice(2);
/** Kinds of frames that a client sends. */
export const frames = { input: 1, resize: 3, hangUp: 5 } as const;

/** What is seen of a part of the session, by what it is about. */
export type Parts = Readonly<Record<string, () => Promise<void>>>;

/** A connection for each command, as the old client makes it. */
export async function command<T>(use: (client: Client) => Promise<T>): Promise<T> {
  const client = await Client.connect(socket);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

export const create = (name: string, args: readonly string[], more: object = {}) => ({
  create: { args: [image, ...args], name, ...more },
});

/** run: CreateContainer, Spec, Attach with start. */
export async function run(
  name: string,
  args: readonly string[],
  more: object = {},
  talk: (client: Client) => (soFar: string) => void = () => () => undefined,
) {
  return await command(async (client) => {
    const { container } = await client.call("CreateContainer", create(name, args, more));
    const { config } = await client.call("Spec", { name: container });
    const { terminal } = JSON.parse(config).process;
    const parameters = { name: container, detachKeys: "", start: true };
    assert.deepEqual(await client.call("Attach", parameters, { upgrade: true }), {});
    return { terminal, ...(await client.toEnd(talk(client))) };
  });
}

export async function runDetached(name: string, args: readonly string[], more: object = {}) {
  return await command(async (client) => {
    const { container } = await client.call("CreateContainer", create(name, args, more));
    assert.deepEqual(await client.call("StartContainer", { name: container }), { container });
    return container as string;
  });
}

/** exec: ExecContainer. */
export async function exec(
  name: string,
  cmd: readonly string[],
  more: object = {},
  stdin?: string,
) {
  return await command(async (client) => {
    const opts = { name, tty: false, privileged: false, cmd, ...more };
    assert.deepEqual(await client.call("ExecContainer", { opts }, { upgrade: true }), {});
    if (stdin !== undefined) {
      client.sendFrame(frames.input, stdin);
      client.sendFrame(frames.hangUp, "");
    }
    return await client.toEnd();
  });
}

export async function sendFile(client: Client, bytes: Buffer): Promise<string> {
  const parameters = { type: "", length: bytes.length };
  const { file_handle: handle } = await client.call("SendFile", parameters, { upgrade: true });
  client.write(bytes);
  assert.equal(await client.upTo(":"), `${handle}:`);
  return handle;
}

export async function collect(replies: AsyncIterable<Reply>) {
  const all: Reply[] = [];
  for await (const reply of replies) {
    all.push(reply);
  }
  return all;
}

/** The ID in the last of several replies of that member; an error where there is one. */
export async function idOf(
  member: "reply" | "image",
  replies: AsyncIterable<Reply>,
): Promise<{ id: string; count: number }> {
  const all = await collect(replies);
  const last = all.at(-1) ?? { error: "no reply", parameters: {} };
  assert.equal(last.error, undefined, JSON.stringify(all));
  const { id } = last.parameters[member] as { id: string };
  return { id, count: all.length };
}
