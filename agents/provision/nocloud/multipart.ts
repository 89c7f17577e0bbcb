/** A part of a MIME message that holds something. */
export interface MimePart {
  /** In small letters, without its parameters: "text/cloud-config". */
  type: string;
  content: Buffer;
}

const maxParts = 64;
const maxDepth = 4;
const maxHeaderBytes = 16 * 1024;
const maxBoundaryBytes = 70;

/** Whether a text starts as a MIME message that can be user-data. */
export function isMime(text: string): boolean {
  return /^(content-type|mime-version)[ \t]*:/i.test(text);
}

/**
 * Reads a MIME message (RFC 2045, 2046): the parts of all "multipart/…", in their order, decoded. Readers of mail join
 * and guess what belongs together; here the bounds between parts decide who gets in, so that this one is our own, and
 * strict: it throws an Error for what is no MIME, an unknown encoding, a boundary that never comes, and for more
 * parts than people send.
 */
export function readMultipart(message: Buffer): MimePart[] {
  const parts: MimePart[] = [];
  readEntity(message.toString("latin1"), 0, parts);
  return parts;
}

/** One with its headers. Bytes are latin1 characters here. */
function readEntity(text: string, depth: number, parts: MimePart[]): void {
  const { headers, body } = splitHeaders(text);
  const { value: type, parameters } = parseHeader(headers.get("content-type") ?? "text/plain");
  if (type.startsWith("multipart/")) {
    const boundary = parameters.get("boundary") ?? "";
    if (depth === maxDepth) {
      throw new Error(`parts nested more than ${maxDepth} deep`);
    }
    for (const part of splitParts(body, boundary)) {
      readEntity(part, depth + 1, parts);
    }
    return;
  }
  if (parts.length === maxParts) {
    throw new Error(`more than ${maxParts} parts`);
  }
  const encoding = headers.get("content-transfer-encoding")?.trim().toLowerCase() ?? "7bit";
  parts.push({ type, content: decode(body, encoding) });
}

/** Headers by their names in small letters; lines that start with a blank go on the one before. */
function splitHeaders(text: string): { headers: Map<string, string>; body: string } {
  const headers = new Map<string, string>();
  let at = 0;
  let name = "";
  while (at < text.length) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end === -1 ? undefined : end).replace(/\r$/, "");
    at = end === -1 ? text.length : end + 1;
    if (line === "") {
      return { headers, body: text.slice(at) };
    }
    if (at > maxHeaderBytes) {
      throw new Error(`headers longer than ${maxHeaderBytes} bytes`);
    }
    const field = /^([!-9;-~]+)[ \t]*:(.*)$/.exec(line);
    if (field !== null) {
      name = (field[1] ?? "").toLowerCase();
      headers.set(name, field[2] ?? "");
    } else if (/^[ \t]/.test(line) && name !== "") {
      headers.set(name, `${headers.get(name)} ${line.trim()}`);
    } else if (!/^(From |>)/.test(line)) {
      throw new Error(`${JSON.stringify(line.slice(0, 40))} is not a header`);
    }
  }
  return { headers, body: "" };
}

/** "multipart/mixed; boundary="x"": its value, and its parameters. */
function parseHeader(text: string): { value: string; parameters: Map<string, string> } {
  const parameters = new Map<string, string>();
  const [, value = ""] = /^\s*([^;\s]*)/.exec(text) ?? [];
  const form = /;\s*([^=;\s]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\s]*))/g;
  for (const [, name = "", quoted, bare] of text.matchAll(form)) {
    parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? bare ?? "");
  }
  return { value: value.toLowerCase(), parameters };
}

/** What stands between the lines of a boundary; what stands before the first and behind the last is for people. */
function splitParts(body: string, boundary: string): string[] {
  if (boundary === "" || boundary.length > maxBoundaryBytes) {
    throw new Error("a multipart has no valid boundary");
  }
  const delimiter = `--${boundary}`;
  const parts: string[] = [];
  /** Where the part that we are in starts. */
  let start: number | undefined;
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf("\n", at);
    const next = end === -1 ? body.length : end + 1;
    if (body.startsWith(delimiter, at)) {
      const rest = body.slice(at + delimiter.length, next).trimEnd();
      if (rest === "" || rest === "--") {
        if (start !== undefined) {
          // The line's end before a boundary belongs to the boundary.
          parts.push(body.slice(start, Math.max(start, at)).replace(/\r?\n$/, ""));
        }
        if (rest === "--") {
          return parts;
        }
        start = next;
      }
    }
    at = next;
  }
  throw new Error(`the boundary ${JSON.stringify(`${delimiter}--`)} that ends it is missing`);
}

function decode(body: string, encoding: string): Buffer {
  if (["7bit", "8bit", "binary"].includes(encoding)) {
    return Buffer.from(body, "latin1");
  }
  if (encoding === "base64") {
    const base64 = body.replaceAll(/\s/g, "");
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
      throw new Error("a part is not the base64 that it says it is");
    }
    return Buffer.from(base64, "base64");
  }
  if (encoding === "quoted-printable") {
    const joined = body.replaceAll(/[ \t]+(?=\r?$)/gm, "").replaceAll(/=\r?\n/g, "");
    const bytes = joined.replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Buffer.from(bytes, "latin1");
  }
  throw new Error(`its encoding ${JSON.stringify(encoding.slice(0, 40))} is unknown`);
}
