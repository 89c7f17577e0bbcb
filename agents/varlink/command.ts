import { type Command, type Terminal, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { linuxStreams } from "../kernel/linux/linux-streams.ts";
import type { ByteStream, Streams } from "../kernel/streams.ts";
import { socketOf, splitAddress } from "./client/address.ts";
import { callMethod, callOnce } from "./client/call.ts";
import { isObject, type JsonObject } from "./json/json.ts";
import { resolveInterface } from "./resolver/resolver.ts";
import { addressesOf } from "./serve/places.ts";
import { openService, serviceNames } from "./serve/services.ts";
import { serveConnection } from "./service/serve-connection.ts";
import { serveSocket } from "./service/serve-socket.ts";

const help = `varlink: services of this machine, by their interfaces (https://varlink.org).

  varlink info [ADDRESS]                       who answers there, and to which interfaces; without ADDRESS: what can be resolved
  varlink help [ADDRESS/]INTERFACE             the interface, as its service describes it
  varlink call [ADDRESS/]INTERFACE.METHOD [PARAMETERS]
                                               calls a method with an object of JSON, prints its reply as JSON
      -m, --more                               all replies of a method that has several
      -o, --oneway                             doesn't wait for a reply
  varlink resolve INTERFACE                    the address of an interface
  varlink bridge                               a connection to all interfaces on standard input and output, for ssh
  -A, --activate=COMMAND                       as the clients of Podman 1 call it: "podman varlink" is what answers here anyway

ADDRESS is unix:/PATH. Without it root asks root's services, and a user his own.
  varlink call io.podman.GetVersion
Exit status 0: done; 1: the service replied an error, or nobody answered; 2: usage.`;

const shortOptions: Readonly<Record<string, string>> = {
  "-A": "--activate",
  "-m": "--more",
  "-o": "--oneway",
};

/** The command `varlink`. */
export const varlinkCommand: Command = {
  name: "varlink",
  help,
  run: (words, kernel, terminal) => runVarlink(words, kernel, terminal, linuxStreams),
};

/** The command, over those streams. */
export async function runVarlink(
  words: readonly string[],
  kernel: Kernel,
  terminal: Terminal,
  streams: Streams,
): Promise<number> {
  const { flags, values, operands } = parseWords(
    words.map((word) => shortOptions[word] ?? word),
    { activate: "value", more: "flag", oneway: "flag" },
  );
  const [verb, ...rest] = operands;
  const activated = values.get("activate");
  if (activated !== undefined && !/^(\S*\/)?podman( \S+)* varlink( |$)/.test(activated)) {
    throw new UsageError(`-A ${activated}: only "podman varlink" is activated here`);
  }
  const [first = "", second] = rest;
  const most = { info: 1, help: 1, call: 2, resolve: 1, bridge: 0, serve: 1 }[verb ?? ""];
  if (most === undefined || rest.length > most) {
    throw new UsageError("expected info, help, call, resolve or bridge, and what it takes");
  }
  const addresses = addressesOf(kernel.uid());
  const connect = (address: string | undefined, name: string) =>
    streams.connectStream(socketOf(address ?? resolveInterface(addresses, name)));
  switch (verb) {
    case "info": {
      if (first === "") {
        const { vendor, product, version, url } = openService("resolver", kernel, streams);
        const interfaces = ["org.varlink.resolver", ...Object.keys(addresses)];
        terminal.out(infoText({ vendor, product, version, url }, interfaces));
        return 0;
      }
      return await withStream(connect(first, ""), async (stream) => {
        const method = "org.varlink.service.GetInfo";
        const info = await callOnce(stream, { method, parameters: {} });
        const text = (name: string) => info.text(name);
        const [vendor, product] = [text("vendor"), text("product")];
        const identity = { vendor, product, version: text("version"), url: text("url") };
        terminal.out(infoText(identity, info.texts("interfaces")));
        return 0;
      });
    }
    case "resolve":
      terminal.out(resolveInterface(addresses, first));
      return 0;
    case "help": {
      const { address, name } = splitAddress(first);
      return await withStream(connect(address, name), async (stream) => {
        const method = "org.varlink.service.GetInterfaceDescription";
        const found = await callOnce(stream, { method, parameters: { interface: name } });
        terminal.out(found.text("description").trimEnd());
        return 0;
      });
    }
    case "call": {
      const { address, name } = splitAddress(first);
      const parameters = parseParameters(second ?? "{}");
      const dot = name.lastIndexOf(".");
      if (dot < 1) {
        throw new UsageError(`call: expected INTERFACE.METHOD, found "${name}"`);
      }
      return await withStream(connect(address, name.slice(0, dot)), async (stream) => {
        const [more, oneway] = [flags.has("more"), flags.has("oneway")];
        for await (const reply of callMethod(stream, { method: name, parameters, more, oneway })) {
          terminal.out(JSON.stringify(reply, undefined, 2));
        }
        return 0;
      });
    }
    case "bridge":
      await serveConnection(openService("bridge", kernel, streams), streams.standardStream());
      return 0;
    default: {
      const name = serviceNames.find((one) => one === first && one !== "bridge");
      if (name === undefined) {
        throw new UsageError(`serve: "${first}" is no service of this machine`);
      }
      // Where something is depends on who asks.
      const uidOf = (asking: number) => (name === "resolver" ? asking : kernel.uid());
      await serveSocket(streams, (asking) => openService(name, kernel, streams, uidOf(asking)));
      return 0;
    }
  }
}

function infoText(
  { vendor, product, version, url }: Record<"vendor" | "product" | "version" | "url", string>,
  interfaces: readonly string[],
): string {
  return [
    `Vendor: ${vendor}`,
    `Product: ${product}`,
    `Version: ${version}`,
    `URL: ${url}`,
    "Interfaces:",
    ...interfaces.map((name) => `  ${name}`),
  ].join("\n");
}

function parseParameters(text: string): JsonObject {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`call: the parameters are no JSON: ${text}`, { cause: error });
  }
  if (!isObject(read)) {
    throw new UsageError(`call: the parameters are no object of JSON: ${text}`);
  }
  return read;
}

async function withStream(
  connected: Promise<ByteStream>,
  use: (stream: ByteStream) => Promise<number>,
): Promise<number> {
  const stream = await connected;
  try {
    return await use(stream);
  } finally {
    stream.close();
  }
}
