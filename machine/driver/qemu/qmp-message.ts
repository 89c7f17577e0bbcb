import { StringDecoder } from "node:string_decoder";
import * as z from "zod";
import { MachineError } from "../../error/machine-error.ts";

const greeting = z.object({ QMP: z.looseObject({}) });
const reply = z.object({ return: z.unknown(), id: z.string().optional() });
const refusal = z.object({
  error: z.object({ class: z.string(), desc: z.string() }),
  id: z.string().optional(),
});
const event = z.object({ event: z.string(), data: z.unknown().optional() });

/** One message from QEMU's monitor (docs/interop/qmp-spec). */
export type QmpMessage =
  | { readonly kind: "greeting" }
  | { readonly kind: "reply"; readonly id: string | undefined; readonly value: unknown }
  | { readonly kind: "refusal"; readonly id: string | undefined; readonly description: string }
  | { readonly kind: "event"; readonly name: string; readonly data: unknown };

/** Cuts the monitor's stream into messages, however it arrives in pieces. */
export class QmpDecoder {
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  /** The messages that this piece completes. Throws when one isn't of the protocol. */
  push(chunk: Buffer): QmpMessage[] {
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.filter((line) => line.trim() !== "").map(parseMessage);
  }
}

function parseMessage(line: string): QmpMessage {
  const value = parseJson(line);
  const asReply = reply.safeParse(value);
  if (asReply.success && isObjectWith(value, "return")) {
    return { kind: "reply", id: asReply.data.id, value: asReply.data.return };
  }
  const asRefusal = refusal.safeParse(value);
  if (asRefusal.success) {
    return { kind: "refusal", id: asRefusal.data.id, description: asRefusal.data.error.desc };
  }
  const asEvent = event.safeParse(value);
  if (asEvent.success) {
    return { kind: "event", name: asEvent.data.event, data: asEvent.data.data };
  }
  if (greeting.safeParse(value).success) {
    return { kind: "greeting" };
  }
  throw new MachineError(`QEMU's monitor sent what isn't QMP: ${line.slice(0, 80)}`);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new MachineError(`QEMU's monitor sent what isn't JSON: ${line.slice(0, 80)}`, {
      cause: error,
    });
  }
}

function isObjectWith(value: unknown, key: string): boolean {
  return typeof value === "object" && value !== null && key in value;
}
