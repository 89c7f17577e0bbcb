import { expect, test } from "vitest";
import { checkInput, checkOutput, methodNames } from "../../../test/varlink/signatures.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { Streams } from "../../kernel/streams.ts";
import { Fields, type JsonObject } from "../json/json.ts";
import { MadeStream } from "../wire/made-stream.testing.ts";
import { ioPodman, notInPodman } from "./io-podman.ts";
import { Podman } from "./rest/podman.ts";

// The session of test/varlink/ is with a real Podman, which can't do all of it everywhere (pause, checkpoints, a search);
// here every method is seen to reply, before one that can.

const id = "a".repeat(64);
const thing = {
  Id: id,
  ID: id,
  Name: "web",
  Names: ["web"],
  Status: "healthy",
  State: { Status: "running", Pid: 1 },
  Config: { Tty: false, Env: ["A=b"], Entrypoint: ["x"], StopSignal: "SIGTERM" },
  RootFS: { Layers: ["sha256:b"] },
  Labels: { a: "b" },
  Mounts: ["/data"],
  Created: "2026-01-02T03:04:05Z",
  Containers: [{ Id: id, Names: "web", State: "running", Status: "running" }],
  stream: `${id}\n`,
  id,
};
const listed = { ...thing, State: "running", Mounts: [], Kind: 1, Path: "/new", Stars: 3 };

/** What Podman answers there; the longest end of a path that is here counts. */
const answers: Readonly<Record<string, string>> = {
  "": JSON.stringify(thing),
  "containers/json": JSON.stringify([listed]),
  "images/json": JSON.stringify([{ ...listed, Created: 1, Containers: 1 }]),
  "pods/json": JSON.stringify([{ ...thing, State: "Running", Status: "Running" }]),
  "volumes/json": JSON.stringify([{ ...thing, Mountpoint: "/x", Driver: "local" }]),
  "/changes": JSON.stringify([listed]),
  "/history": JSON.stringify([{ ...listed, Created: 1, Tags: ["a"], Size: 1 }]),
  "/prune": JSON.stringify([{ Id: id }]),
  "images/search": JSON.stringify([listed]),
  "/wait": "0",
  "/mount": JSON.stringify("/merged"),
  "/logs": `\u0001\0\0\0\0\0\0\u0006now a\n`,
  "/attach": `\u0001\0\0\0\0\0\0\u0002a\n`,
  "/start": "",
  "containers/stats": JSON.stringify({ Stats: [{ ContainerID: id, Name: "web", CPU: 1.5 }] }),
  "/top": JSON.stringify({ Titles: ["PID"], Processes: [["1"]] }),
  "containers/showmounted": JSON.stringify({ [id]: "/merged" }),
  "generate/kube": "kind: Pod\n---\nkind: Service\n",
  events: JSON.stringify({ Type: "container", Action: "start", time: 1, Actor: { ID: id } }),
  "images/load": JSON.stringify({ Names: ["a:1"] }),
};

function answerTo(request: string): string {
  const [, method = "", path = ""] = /^(\S+) \/v5\.0\.0\/libpod\/([^ ?]*)/.exec(request) ?? [];
  const end = Object.keys(answers)
    .filter((one) => path.endsWith(one))
    .toSorted((one, other) => other.length - one.length)[0];
  const isRemoval = method === "DELETE" && path.startsWith("containers/");
  const body = isRemoval ? JSON.stringify([{ Id: id }]) : (answers[end ?? ""] ?? "");
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** A connection that answers what was asked, once. */
class AnsweredStream extends MadeStream {
  #isAnswered = false;

  override read(): Promise<Uint8Array | undefined> {
    if (!this.#isAnswered) {
      this.#isAnswered = true;
      this.unread(Buffer.from(this.#answer()));
    }
    return super.read();
  }

  #answer(): string {
    const asked = this.written.toString().split("\r\n", 1)[0] ?? "";
    // An attached stream has no length.
    return /\/attach\?|exec\/.*\/start/.test(asked)
      ? `HTTP/1.1 101 UPGRADED\r\n\r\n${answers["/attach"]}`
      : answerTo(asked);
  }
}

/** A Podman that can do everything. */
const streams: Streams = {
  connectStream: async () => new AnsweredStream([]),
  acceptStreams: () => () => undefined,
  standardStream: () => new MadeStream([]),
  openFile: () => ({
    lengthBytes: 3,
    async *parts() {
      yield Buffer.from("abc");
    },
  }),
  createFile: () => ({ append: () => undefined, close: () => undefined }),
};

const named = { name: "web", id: "web", nameOrID: "web", pod: "web" };
const parameters: Readonly<Record<string, JsonObject>> = {
  Ps: { opts: { all: true } },
  GetContainersByStatus: { status: ["running"] },
  GetContainersByContext: { args: ["web"] },
  GetContainersLogs: { names: ["web"] },
  GetContainerStatsWithHistory: { previousStats: { id, system_nano: 1, cpu_nano: 1 } },
  GetPodsByContext: { args: ["web"] },
  GetPodsByStatus: { statuses: ["running"] },
  CreateContainer: { create: { args: ["image"] } },
  CreatePod: { create: { name: "pod" } },
  Attach: { name: "web", start: false },
  ExecContainer: { opts: { name: "web", cmd: ["true"] } },
  BuildImage: { build: { contextDir: "/var/tmp/varlink-a" } },
  SendFile: { type: "", length: 0 },
  ReceiveFile: { path: "/var/tmp/varlink-a", delete: false },
  ImageSave: { options: { name: "a", format: "oci-archive" } },
  LoadImage: { name: "", inputFile: "/var/tmp/varlink-a" },
  ExportImage: { name: "a", destination: "oci-archive:/x.tar" },
  ImportImage: { source: "/x.tar" },
  ExportContainer: { name: "web", path: "/x.tar" },
  TagImage: { name: "a", tagged: "b:1" },
  SearchImages: { query: "a" },
  VolumeCreate: { options: { volumeName: "v" } },
  VolumeRemove: { options: { volumes: ["v"] } },
  GetVolumes: { args: ["v"] },
  // It starts the container, which must not run yet.
  StartContainer: { name: "web" },
};

test.each(methodNames.filter((name) => !Object.hasOwn(notInPodman, name)))(
  "%s replies as it is described",
  async (method) => {
    const kernel = new FakeKernel().onRun("podman", { stdout: `${id}\n` });
    kernel.lay({ "/var/tmp/varlink-a": "sent" });
    const handler = ioPodman(new Podman(streams, kernel, "/run/x")).handlers[method];
    const given = parameters[method] ?? named;
    checkInput(method, given);
    const replies: JsonObject[] = [];
    const reply = (one: JsonObject) => {
      replies.push(one);
      return Promise.resolve();
    };
    const last = await handler?.({
      method,
      parameters: new Fields(given),
      wantsMore: method.startsWith("Get") && /Events|Logs/.test(method),
      wantsUpgrade: true,
      gone: new AbortController().signal,
      replyMore: reply,
      upgrade: async (one) => {
        await reply(one);
        return new MadeStream([]);
      },
    });
    const all = last === undefined ? replies : [...replies, last];
    expect(all.length).toBeGreaterThan(0);
    for (const one of all) {
      // As the wire has it: what is undefined isn't there.
      checkOutput(method, JSON.parse(JSON.stringify(one)));
    }
  },
);
