import * as fs from "node:fs";
import type { Downloads } from "../downloads.ts";

const certificates = "/etc/ssl/certs/ca-certificates.crt";
/** Nothing comes for so long. */
const quietMs = 60_000;

/** The real thing, by the runtime's own client. */
export const linuxDownloads: Downloads = {
  async download(url, fromByte) {
    const stop = new AbortController();
    let timer = setTimeout(() => stop.abort(), quietMs);
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), quietMs);
    };
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (fromByte > 0) {
      headers.range = `bytes=${fromByte}-`;
    }
    const tls = fs.existsSync(certificates) ? { ca: fs.readFileSync(certificates, "utf8") } : {};
    let answer: Response;
    try {
      answer = await fetch(url, { headers, signal: stop.signal, tls });
    } catch (error) {
      clearTimeout(timer);
      throw new Error(`${url}: ${stop.signal.aborted ? "no answer" : String(error)}`, {
        cause: error,
      });
    }
    if (answer.status !== 200 && answer.status !== 206) {
      clearTimeout(timer);
      await answer.body?.cancel();
      // 416: the part that is there is all of it.
      if (answer.status === 404 || answer.status === 416) {
        return undefined;
      }
      throw new Error(`${url}: the server answers ${answer.status} ${answer.statusText}`);
    }
    const start = answer.status === 206 ? fromByte : 0;
    const length = Number(answer.headers.get("content-length") ?? Number.NaN);
    return {
      fromByte: start,
      totalBytes: Number.isNaN(length) ? undefined : start + length,
      parts: (async function* () {
        try {
          for await (const part of answer.body ?? []) {
            heard();
            yield part;
          }
        } catch (error) {
          throw new Error(`${url}: the connection broke; the same command goes on from there`, {
            cause: error,
          });
        } finally {
          clearTimeout(timer);
        }
      })(),
    };
  },
};
