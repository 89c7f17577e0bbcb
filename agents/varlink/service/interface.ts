import type { ByteStream } from "../../kernel/streams.ts";
import type { Fields, JsonObject } from "../json/json.ts";

/** A call of one method, as its handler sees it. */
export interface Call {
  /** "GetVersion" */
  readonly method: string;
  readonly parameters: Fields;
  /** Whether the client takes any number of replies. */
  readonly wantsMore: boolean;
  /** Whether the client goes on in another protocol. */
  readonly wantsUpgrade: boolean;
  /** Aborted when the client is gone, so that nobody works for nobody. */
  readonly gone: AbortSignal;
  /** One of several replies, after which others follow; for whoever takes more. */
  replyMore(parameters: JsonObject): Promise<void>;
  /** The last reply; what follows on the stream is the handler's. */
  upgrade(parameters: JsonObject): Promise<ByteStream>;
}

/** Does what a method says; gives the last reply, or nothing after an upgrade. */
export type Handler = (call: Call) => Promise<JsonObject | undefined>;

/** An interface that is served. */
export interface ServedInterface {
  /** In Varlink's language; what GetInterfaceDescription gives. */
  description: string;
  handlers: Readonly<Record<string, Handler>>;
  /** What a handler's failure is called that has no name of its own; without it, a wrong parameter. */
  failure?(error: unknown): { error: string; parameters: JsonObject };
}

/** Who answers, and to which interfaces; each is loaded when it is first asked for. */
export interface Service {
  vendor: string;
  product: string;
  version: string;
  url: string;
  interfaces: Readonly<Record<string, () => Promise<ServedInterface>>>;
}
