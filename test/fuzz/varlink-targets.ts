import type { ByteStream, Streams } from "../../agents/kernel/streams.ts";
import { descriptions } from "../../agents/varlink/boot2podman/descriptions.ts";
import { ownInterfaces } from "../../agents/varlink/boot2podman/own-interfaces.ts";
import { findMismatch } from "../../agents/varlink/idl/find-mismatch.ts";
import { parseInterface } from "../../agents/varlink/idl/parse-interface.ts";
import { isObject } from "../../agents/varlink/json/json.ts";
import { podmanDescription } from "../../agents/varlink/podman/description.ts";
import { ioPodman } from "../../agents/varlink/podman/io-podman.ts";
import { Podman } from "../../agents/varlink/podman/rest/podman.ts";
import { parseSize, readFrames } from "../../agents/varlink/podman/translate/frames.ts";
import { resolverService } from "../../agents/varlink/resolver/resolver.ts";
import type { Handler, ServedInterface, Service } from "../../agents/varlink/service/interface.ts";
import { serveConnection } from "../../agents/varlink/service/serve-connection.ts";
import { MadeStream } from "../../agents/varlink/wire/made-stream.testing.ts";
import signatures from "../varlink/io.podman.json" with { type: "json" };
import { madeCall } from "./made-call.ts";
import { must, type Target } from "./target.ts";

/** What stands between a client's bytes and Podman's answers, and between these. */
const border = "\n~~~\n";
const id = "a".repeat(64);

/** What Podman's answers have in them somewhere. */
const answer = JSON.stringify({
  Id: id,
  Name: "a",
  Names: ["a"],
  State: { Status: "running", Pid: 1 },
  Config: { Tty: false, Env: ["A=b"], Entrypoint: ["x"], StopSignal: "SIGTERM" },
  NetworkSettings: { Ports: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] } },
  Titles: ["PID"],
  Processes: [["1"]],
  Stats: [{ CPU: 1.5, Network: { eth0: { RxBytes: 1 } } }],
  Ports: [{ host_port: 1, container_port: 2, protocol: "tcp", range: 2 }],
  Containers: [{ Id: id, Names: "b", Status: "running" }],
  stream: id,
  Created: "2026-01-02T03:04:05Z",
});
const http = (body: string) =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const chunked = (body: string) =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const answers = [http(answer), chunked(`[${answer},{}]`), http("0"), "HTTP/1.1 404 x\r\n\r\n{}"];
const frames =
  '\0\0\0\0\0\0\0\u0003abc\u0003\0\0\0\0\0\0\u0015{"Width":9,"Height":9}\u0005\0\0\0\0\0\0\0';

function seedOf(method: string, index: number): Uint8Array {
  const named = {
    name: "a",
    id: "a",
    nameOrID: "a",
    pod: "a",
    args: ["a"],
    names: ["a"],
    length: 3,
  };
  const nested = {
    opts: { name: "a", cmd: ["x"] },
    create: { args: ["i", "x"], env: ["A=b"] },
    build: { contextDir: "/a" },
    options: { name: "a", volumes: ["v"] },
    inputFile: "/a",
    path: "/var/tmp/varlink-a",
  };
  const parameters = { ...named, ...nested };
  const wants = { more: index % 2 === 0, upgrade: true };
  const call = JSON.stringify({ method: `io.podman.${method}`, parameters, ...wants });
  return Buffer.from([`${call}\0${frames}`, ...answers].join(border));
}

const idl = parseInterface(podmanDescription);
/** Podman's interface has ten times the methods of ours. */
const idls = [
  ...Object.values(descriptions).map((text) => parseInterface(text)),
  ...Array.from({ length: 30 }, () => idl),
];

/** Our own methods, and what the commands behind them say. */
const ownSeeds = Object.entries(descriptions).flatMap(([name, text]) =>
  [...parseInterface(text).methods.keys()].map((method) => {
    const call = { method: `io.boot2podman.${name}.${method}`, parameters: { types: ["rsa"] } };
    const said = { stages: [{ stage: "automount" }], dataDisk: null, host: [], made: [] };
    return Buffer.from([`${JSON.stringify(call)}\0`, JSON.stringify(said)].join(border));
  }),
);
const serviceSeeds = [
  "service.GetInfo",
  "service.GetInterfaceDescription",
  "resolver.GetInfo",
  "resolver.Resolve",
].map((method) =>
  Buffer.from(
    `${JSON.stringify({ method: `org.varlink.${method}`, parameters: { interface: "io.podman" } })}\0`,
  ),
);

const reached = new Map<string, number>();

const unhandled: unknown[] = [];
process.on("unhandledRejection", (error) => unhandled.push(error));

/** The same, with its calls counted. */
function counted(name: string, served: ServedInterface): ServedInterface {
  const handlers = Object.entries(served.handlers).map(([method, handler]): [string, Handler] => [
    method,
    (call) => {
      const whole = `${name}.${method}`;
      reached.set(whole, (reached.get(whole) ?? 0) + 1);
      return handler(call);
    },
  ]);
  return { ...served, handlers: Object.fromEntries(handlers) };
}

/** Podman's answers in turn, and files that are anything. */
function madeStreams(): Streams {
  let next = 0;
  return {
    async connectStream(): Promise<ByteStream> {
      next += 1;
      return new MadeStream([said[next % Math.max(1, said.length)] ?? ""]);
    },
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
}

function splitAt(input: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(input);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(border); at !== -1; at = bytes.indexOf(border, from)) {
    parts.push(bytes.subarray(from, at));
    from = at + border.length;
  }
  return [...parts, bytes.subarray(from)];
}

/** What Podman and commands answer to the call that is at its turn. */
let said: readonly Uint8Array[] = [];

const kernel = {
  run: async ([program]: readonly string[]) => ({
    exitCode: said.length % 3 === 2 ? 1 : 0,
    stdout: program === "podman" ? `${id}\n` : String(said[0] ?? ""),
    stderr: "",
  }),
  exists: () => false,
  listIfPresent: () => [],
  listNoFollow: () => [],
  readText: () => "",
  watchFolder: () => ({ close: () => undefined }),
  unlink: () => undefined,
  readTextIfPresent: () => undefined,
  nowMs: () => 1.8e12,
  pid: () => 1,
  stat: () => undefined,
};

/** As the bridge of root serves it. Made once: to read a description takes longer than to answer. */
function madeService(): Service {
  const podman = new Podman(madeStreams(), kernel, "/run/podman/podman.sock");
  const resolver = resolverService({ "io.podman": "unix:/run/podman/io.podman" });
  const interfaces = {
    ...resolver.interfaces,
    "io.podman": async () => ioPodman(podman),
    ...Object.fromEntries(
      Object.entries(ownInterfaces(kernel, true)).map(([name, load]) => [
        `io.boot2podman.${name}`,
        load,
      ]),
    ),
  };
  const once = Object.entries(interfaces).map(([name, load]) => {
    const served = load().then((one) => counted(name, one));
    return [name, () => served] as const;
  });
  return { ...resolver, interfaces: Object.fromEntries(once) };
}

const service = madeService();

const handlers: Target = {
  name: "a client of Varlink, and Podman's answers to it",
  seeds: [...Object.keys(signatures.methods).map(seedOf), ...ownSeeds, ...serviceSeeds],
  reached,
  async check(input) {
    const [changed = Buffer.alloc(0), ...answers] = splitAt(input);
    said = answers;
    // Hardly a changed call would come to its handler: of half of them only the values are odd.
    const asked =
      input.length % 2 === 0
        ? [changed]
        : [JSON.stringify(madeCall(idls[input.length % idls.length] ?? idl, input)), "\0", frames];
    const client = new MadeStream(asked);
    let isTaken = false;
    await serveConnection(service, client, {
      onReply(of, method, parameters) {
        isTaken = true;
        // What our own commands say is theirs.
        if (!of.name.startsWith("io.boot2podman.")) {
          const output = of.methods.get(method)?.output;
          must(output !== undefined, `a reply to ${method}, which nobody knows`);
          const wrong = output && findMismatch(of, output, parameters, "refused");
          must(wrong === undefined, `a reply to ${method} whose ${wrong} is of another type`);
        }
      },
    });
    must(client.gone.aborted, "a connection that stays open");
    // What nobody waited for ends the service when it fails; it is told in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    must(unhandled.length === 0, `a failure that nobody waits for: ${unhandled.splice(0)[0]}`);
    const [first] = client.written.toString("latin1").split("\0", 1);
    if (first !== undefined && first !== "") {
      const reply: unknown = JSON.parse(Buffer.from(first, "latin1").toString());
      must(isObject(reply) && ("error" in reply || "parameters" in reply), "a reply that is none");
      checkError(reply);
    }
    return isTaken;
  },
};

/** Throws unless an error of Podman's interface is one that is described, with its members. */
function checkError(reply: unknown): void {
  const { error: name, parameters = {} } = isObject(reply) ? reply : {};
  const [, own] = /^io\.podman\.(\w+)$/.exec(String(name)) ?? [];
  if (own !== undefined) {
    const error = idl.errors.get(own);
    must(error !== undefined, `an error that nobody knows: ${own}`);
    const wrong = error && findMismatch(idl, error, parameters, "refused");
    must(wrong === undefined, `an error ${own} without ${wrong}`);
  }
}

const description: Target = {
  name: "a description of an interface",
  seeds: [
    "interface a.b\n# x\ntype T (a: ?[]int, b: [string](c: bool))\nmethod M(t: T) -> (e: (x, y))\nerror E (s: string)\n",
  ].map((text) => Buffer.from(text)),
  check(input) {
    try {
      const read = parseInterface(Buffer.from(input).toString("utf8"));
      for (const { input: struct } of read.methods.values()) {
        findMismatch(read, struct, { t: { a: [1], b: {} } }, "allowed");
      }
      return true;
    } catch (error) {
      must(error instanceof Error && /^a description has /.test(error.message), String(error));
      return false;
    }
  },
};

const terminal: Target = {
  name: "frames of a terminal",
  seeds: [Buffer.from(frames), Buffer.from('\u0003\0\0\0\0\0\0\u0017{"Width":91,"Height":27}')],
  async check(input) {
    let length = 0;
    let isTaken = false;
    for await (const { kind, bytes } of readFrames(new MadeStream([input]).parts())) {
      must(kind <= 5, `a frame of kind ${kind}`);
      length += 8 + bytes.length;
      const size = parseSize(bytes);
      must(size === undefined || (size.w > 0 && size.h < 65_536), "a size that is none");
      isTaken = true;
    }
    must(length <= input.length, "more frames than bytes for them");
    return isTaken;
  },
};

/** Readers of what clients of Varlink, and Podman itself, send. */
export const varlinkTargets = [handlers, description, terminal] as const;
